import { describe, expect, it } from 'vitest';
import { FailoverTransport } from '../../src/client/failover-transport.ts';
import {
  type CallLimits,
  type FailureKind,
  type LockCall,
  type Transport,
  TransportError,
} from '../../src/client/transport.ts';

interface Asked {
  /** For how long a lock is waited for, and its answer. */
  readonly times: unknown;
  readonly answer: () => void;
  readonly fail: (kind: FailureKind) => void;
}

/** What goes to one server, which the test answers. */
class Peer {
  isAlive = true;
  isClosed = false;
  onDrop = (): void => {};
  readonly calls: Asked[] = [];

  lock({ waitTimeoutMs }: LockCall, limits?: CallLimits) {
    return this.unlock([waitTimeoutMs, limits?.timeoutMs]);
  }

  unlock(times: unknown = null) {
    return new Promise<{ unlocked: boolean; error: null }>((resolve, reject) => {
      this.calls.push({
        times,
        answer: () => resolve({ unlocked: true, error: null }),
        fail: (kind) => reject(new TransportError(kind, `${kind} here`)),
      });
    });
  }

  close(): void | Promise<void> {
    this.isClosed = true;
    for (const { fail } of this.calls) fail('aborted');
  }
}

function run({ servers = 2, connectMsMax = 60_000 } = {}) {
  const peers: Peer[] = [];
  const state = { holds: false, drops: 0, opened: [] as string[] };
  const transport = new FailoverTransport({
    addresses: Array.from({ length: servers }, (_, i) => `server${i}`),
    open: (address) => {
      state.opened.push(address);
      const peer = new Peer();
      peers.push(peer);
      return peer as unknown as Transport;
    },
    holds: () => state.holds,
    connectMsMax,
  });
  transport.onDrop = () => state.drops++;
  const call = (signal?: AbortSignal) => {
    const reply = transport.unlock({ name: 'a', key: 'k', requestId: null }, { signal });
    reply.catch(() => {});
    return reply;
  };
  return { transport, peers, state, call };
}

const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const done = { unlocked: true, error: null };

describe('a call to one of several servers', () => {
  it('goes to the first as long as that answers', async () => {
    const { call, peers, state } = run();
    const replies = [call(), call()];
    for (const { answer } of peers[0]!.calls) answer();
    expect(await Promise.all(replies)).toEqual([done, done]);
    expect(state).toEqual({ holds: false, drops: 0, opened: ['server0'] });
  });

  it('goes to the next at once when there is no connection, whatever else waits or was held', async () => {
    const { call, peers, state } = run();
    const replies = [call(), call()];
    peers[0]!.isAlive = false;
    state.holds = true;
    peers[0]!.calls[0]!.fail('unavailable');
    await settle();
    expect(peers[0]!.isClosed).toBe(true);
    expect(peers[1]!.calls.length).toBe(2);
    for (const { answer } of peers[1]!.calls) answer();
    expect(await Promise.all(replies)).toEqual([done, done]);
    expect(state.opened).toEqual(['server0', 'server1']);
  });

  it('goes to the next when a server with a connection is unavailable, which drops what was granted just now', async () => {
    const { call, peers, state } = run();
    const reply = call();
    peers[0]!.calls[0]!.fail('unavailable');
    await settle();
    expect([peers[0]!.isClosed, state.drops]).toEqual([true, 1]);
    peers[1]!.calls[0]!.answer();
    expect(await reply).toEqual(done);
    peers[0]!.onDrop();
    expect(state.drops).toBe(1);
    peers[1]!.onDrop();
    expect(state.drops).toBe(2);
  });

  it('stays where a lock is held or a call waits', async () => {
    const { call, peers, state } = run();
    state.holds = true;
    const first = call();
    peers[0]!.calls[0]!.fail('unavailable');
    await expect(first).rejects.toThrow('unavailable here');
    state.holds = false;
    const [second, third] = [call(), call()];
    peers[0]!.calls[1]!.fail('unavailable');
    await expect(second).rejects.toThrow('unavailable here');
    peers[0]!.calls[2]!.answer();
    expect(await third).toEqual(done);
    expect([state.opened, state.drops, peers[0]!.isClosed]).toEqual([['server0'], 0, false]);
  });

  it.each(['unauthenticated', 'insecure'] as const)(
    'that is %s is told at once, and the next call goes elsewhere, unless a lock is held',
    async (kind) => {
      const { call, peers, state } = run();
      state.holds = true;
      for (let i = 0; i < 2; i++) {
        const reply = call();
        peers[0]!.calls[i]!.fail(kind);
        await expect(reply).rejects.toMatchObject({ kind, message: `server0: ${kind} here` });
        expect(state.opened.length).toBe(i + 1);
        state.holds = false;
      }
      const reply = call();
      peers[1]!.calls[0]!.answer();
      expect(await reply).toEqual(done);
    },
  );

  it.each(['refused', 'cut', 'aborted'] as const)('that is %s is an answer', async (kind) => {
    const { call, peers, state } = run();
    const reply = call();
    peers[0]!.isAlive = false;
    peers[0]!.calls[0]!.fail(kind);
    await expect(reply).rejects.toMatchObject({ kind });
    expect(state.opened).toEqual(['server0']);
  });

  it('that is not answered in time is its caller’s to make again, elsewhere where there is no connection', async () => {
    const { call, peers, state } = run();
    const first = call();
    peers[0]!.calls[0]!.fail('unanswered');
    await expect(first).rejects.toMatchObject({ kind: 'unanswered' });
    expect(state.opened).toEqual(['server0']);
    const second = call();
    peers[0]!.isAlive = false;
    peers[0]!.calls[1]!.fail('unanswered');
    await expect(second).rejects.toMatchObject({ kind: 'unanswered' });
    expect(state.opened).toEqual(['server0', 'server1']);
    expect(peers[1]!.calls).toEqual([]);
  });

  it('goes round once, tells what each said, and begins anew where it was', async () => {
    const { call, peers, state } = run({ servers: 3 });
    const reply = call();
    for (let i = 0; i < 3; i++) {
      peers[i]!.calls[0]!.fail('unavailable');
      await settle();
    }
    await expect(reply).rejects.toMatchObject({
      kind: 'unavailable',
      message: 'server0: unavailable here; server1: unavailable here; server2: unavailable here',
    });
    void call();
    expect(state.opened).toEqual(['server0', 'server1', 'server2', 'server0']);
    expect(peers[3]!.calls.length).toBe(1);
  });

  it('goes round once in a second, however often it is made', async () => {
    const { call, peers, state } = run();
    for (let i = 0; i < 2; i++) {
      const reply = call();
      for (const { calls } of [...peers]) calls.at(-1)?.fail('unavailable');
      await settle();
      peers.at(-1)!.calls.at(-1)?.fail('unavailable');
      await expect(reply).rejects.toThrow('unavailable');
    }
    expect(state.opened).toEqual(['server0', 'server1', 'server0']);
    await new Promise((resolve) => setTimeout(resolve, 1_050));
    const reply = call();
    peers.at(-1)!.calls.at(-1)!.fail('unavailable');
    await settle();
    expect(state.opened.at(-1)).toBe('server1');
    peers.at(-1)!.calls.at(-1)!.answer();
    expect(await reply).toEqual(done);
  });

  it('waits at the next for what is left of its time, and says that it is made again', async () => {
    const { transport, peers } = run();
    const lock = { waitTimeoutMs: 1_000 } as LockCall;
    const mark = { repeated: false };
    const replies = [
      transport.lock(lock, { timeoutMs: 3_000, mark }),
      transport.lock({ ...lock, waitTimeoutMs: 0 }),
    ];
    expect([peers[0]!.calls[0]!.times, mark.repeated]).toEqual([[1_000, 3_000], false]);
    await new Promise((resolve) => setTimeout(resolve, 300));
    peers[0]!.isAlive = false;
    peers[0]!.calls[0]!.fail('unavailable');
    await settle();
    const [waitMs, timeoutMs] = peers[1]!.calls[0]!.times as [number, number];
    expect(waitMs).toBeGreaterThan(300);
    expect(waitMs).toBeLessThanOrEqual(701);
    expect(timeoutMs).toBeGreaterThanOrEqual(waitMs + 1_999);
    expect(timeoutMs).toBeLessThanOrEqual(2_701);
    expect([peers[1]!.calls[1]!.times, mark.repeated]).toEqual([[0, undefined], true]);
    for (const { answer } of peers[1]!.calls) answer();
    await Promise.all(replies);
  });

  it('that its caller has given up is not made again', async () => {
    const { call, peers } = run();
    const given = new AbortController();
    const reply = call(given.signal);
    given.abort();
    peers[0]!.calls[0]!.fail('unavailable');
    await expect(reply).rejects.toThrow('unavailable here');
    expect(peers.length).toBe(1);
  });

  it('goes to the next when no connection is made in time, and waits where there is one', async () => {
    const { call, peers, state } = run({ connectMsMax: 30 });
    peers[0]!.isAlive = false;
    const reply = call();
    await expect.poll(() => state.opened.length).toBe(2);
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect([state.opened.length, peers[0]!.isClosed]).toEqual([2, true]);
    peers[1]!.calls[0]!.answer();
    expect(await reply).toEqual(done);
  });

  it('stays where there is a connection, however long its answer takes', async () => {
    const { call, peers, state } = run({ connectMsMax: 30 });
    peers[0]!.isAlive = false;
    const reply = call();
    peers[0]!.isAlive = true;
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(state.opened.length).toBe(1);
    peers[0]!.calls[0]!.answer();
    expect(await reply).toEqual(done);
  });

  it('ends with all, and nobody is asked then', async () => {
    const { transport, call, peers, state } = run();
    const [first, second] = [call(), call()];
    // It waits for the other one.
    peers[0]!.calls[0]!.fail('unavailable');
    await settle();
    await transport.close();
    await expect(first).rejects.toMatchObject({ kind: 'unavailable' });
    await expect(second).rejects.toMatchObject({ kind: 'aborted' });
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect([peers[0]!.isClosed, state.opened, state.drops]).toEqual([true, ['server0'], 0]);
  });

  it('has ended when all sessions have that were left', async () => {
    const { transport, call, peers } = run();
    const ended: (() => void)[] = [];
    for (const peer of peers) peer.close = () => new Promise<void>((resolve) => ended.push(resolve));
    call();
    peers[0]!.calls[0]!.fail('unavailable');
    await settle();
    let isClosed = false;
    const closing = transport.close().then(() => {
      isClosed = true;
    });
    await settle();
    expect([isClosed, ended.length]).toEqual([false, 1]);
    ended[0]!();
    await closing;
  });

  it('has the session looked at whose turn it is', () => {
    const { transport, peers } = run();
    let looks = 0;
    Object.assign(peers[0]!, { checkSession: () => looks++ });
    transport.checkSession();
    expect([looks, transport.isAlive]).toEqual([1, true]);
    peers[0]!.isAlive = false;
    expect(transport.isAlive).toBe(false);
  });
});
