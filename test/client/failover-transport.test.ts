import { copyFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { describe, expect, it } from 'vitest';
import { FailoverTransport } from '../../src/client/failover-transport.ts';
import { type FailureKind, type Transport, TransportError } from '../../src/client/transport.ts';
import { makeScratchFolder } from '../filelock/scratch-folder.ts';
import { afterwards } from '../server/running-server.ts';
import { open, runDoor } from './client-doors.ts';
import { TcpProxy } from './tcp-proxy.ts';

const fixture = (name: string): string => new URL(`../fixtures/tls/${name}.pem`, import.meta.url).pathname;

interface Asked {
  readonly answer: () => void;
  readonly fail: (kind: FailureKind) => void;
}

/** What goes to one server, which the test answers. */
class Peer {
  isAlive = true;
  isClosed = false;
  onDrop = (): void => {};
  readonly calls: Asked[] = [];

  unlock() {
    return new Promise<{ unlocked: boolean; error: null }>((resolve, reject) => {
      this.calls.push({
        answer: () => resolve({ unlocked: true, error: null }),
        fail: (kind) => reject(new TransportError(kind, `${kind} here`)),
      });
    });
  }

  close(): void {
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
      return peer as Partial<Transport> as Transport;
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

  it.each(['refused', 'unauthenticated', 'insecure', 'cut', 'aborted'] as const)(
    'that is %s is an answer',
    async (kind) => {
      const { call, peers, state } = run();
      const reply = call();
      peers[0]!.isAlive = false;
      peers[0]!.calls[0]!.fail(kind);
      await expect(reply).rejects.toMatchObject({ kind });
      expect(state.opened).toEqual(['server0']);
    },
  );

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

  it('ends with all, and nobody is asked then', async () => {
    const { transport, call, peers, state } = run();
    const reply = call();
    await transport.close();
    await expect(reply).rejects.toMatchObject({ kind: 'aborted' });
    expect([peers[0]!.isClosed, state.opened, state.drops]).toEqual([true, ['server0'], 0]);
  });
});

/** An address that takes connections and says nothing. */
async function runSilent(): Promise<string> {
  const server = createServer((socket) => {
    socket.on('error', () => {});
    afterwards(() => void socket.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  afterwards(() => void server.close());
  const address = server.address();
  return `127.0.0.1:${typeof address === 'object' ? address!.port : 0}`;
}

describe.each(['grpc', 'rest'] as const)('a client of several servers over %s', (transport) => {
  async function runTwo() {
    const doors = await Promise.all([runDoor(transport), runDoor(transport)]);
    const proxy = await TcpProxy.open(doors[0].address);
    afterwards(() => proxy.close());
    const address = [proxy.address, doors[1].address];
    // Whoever waited for this before a repeat would be late.
    const client = open({ transport, address: '' }, { address, retryDelayMs: 20_000 });
    const holders = () => Promise.all(doors.map(async ({ stats }) => (await stats()).holders));
    return { doors, proxy, client, holders };
  }

  it('asks the second when the first is not there', async () => {
    const { proxy, client, holders } = await runTwo();
    proxy.isDown = true;
    await client.lock('a');
    expect(await holders()).toEqual([0, 1]);
  });

  it('goes on at the second when the first is gone, and stays there', async () => {
    const { proxy, client, holders } = await runTwo();
    const lock = await client.lock('a');
    expect(await holders()).toEqual([1, 0]);
    await lock.unlock();
    proxy.cut(true);
    await client.lock('b');
    expect(await holders()).toEqual([0, 1]);
    proxy.isDown = false;
    await client.lock('c');
    expect(await holders()).toEqual([0, 2]);
  });

  it('waits at the second when the first is gone that it waited at', async () => {
    const { proxy, client, doors } = await runTwo();
    const other = open({ transport, address: proxy.address });
    const lock = await other.lock('a');
    const waits = Array.from({ length: 5 }, () => client.lock('a'));
    await expect.poll(async () => (await doors[0].stats()).waiters).toBe(5);
    proxy.cut(true);
    const first = await Promise.race(waits);
    expect(first.locked).toBe(true);
    expect(lock.locked).toBe(transport === 'rest');
  });

  it('reads its TLS files once', async () => {
    const folder = makeScratchFolder();
    const ca = `${folder}/ca.pem`;
    copyFileSync(fixture('ca'), ca);
    const tls = { tlsCertFile: fixture('server'), tlsKeyFile: fixture('server-key') };
    const port = (await runDoor(transport, tls)).address.split(':').at(-1);
    const named = open(
      { transport, address: '' },
      { address: ['127.0.0.1:1', `localhost:${port}`], tls: { ca } },
    );
    rmSync(ca);
    expect((await named.lock('a')).locked).toBe(true);
  });

  it('goes past an address where nobody speaks', async () => {
    const { address } = await runDoor(transport);
    const client = open({ transport, address: '' }, { address: [await runSilent(), address] });
    expect((await client.lock('a')).locked).toBe(true);
  }, 20_000);
});
