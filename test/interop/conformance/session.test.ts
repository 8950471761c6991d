import { describe, expect, it } from 'vitest';
import type { LockClient } from '../../clients/lock-client.ts';
import { GoCaller } from '../go-caller.ts';
import { closeRaw, connectRaw, destroyRaw, sendCall } from '../raw-calls.ts';
import { connect, sharedServer } from '../server-process.ts';
import { enqueue, granted, notUnlocked, pause, refused, taken, text, timed, unlocked } from './replies.ts';

const server = sharedServer();
const keeping = sharedServer('--no_clear_on_disconnect');
const watchful = sharedServer('--keepalive_interval', '1s', '--keepalive_timeout', '1s');

const range = (count: number): readonly number[] => Array.from({ length: count }, (_, index) => index);

/** Takes each lock once nobody has it any more; the ends of connections are noticed one after another. */
async function expectAllFree(client: LockClient, names: readonly string[]): Promise<void> {
  let held = names;
  for (let attempt = 0; held.length > 0 && attempt < 100; attempt++) {
    if (attempt > 0) await pause(50);
    const replies = await Promise.all(held.map((name) => client.tryLock({ name })));
    held = replies.filter((reply) => !reply.locked).map((reply) => reply.name);
  }
  expect(held).toStrictEqual([]);
}

describe('the end of a session', () => {
  it('50: frees its locks and serves their waiters', async () => {
    const holder = connect(server.address);
    await holder.lock({ name: 'c50' });
    await holder.lock({ name: 'c50-idle' });
    const waiter = connect(server.address);
    const { reply } = await enqueue(waiter, { name: 'c50' });
    holder.close();
    const { result, ms } = await timed(reply);
    expect(result).toStrictEqual(granted('c50'));
    expect(ms).toBeLessThan(1_000);
    await expectAllFree(waiter, ['c50-idle']);
  });

  it('51: is noticed by keepalive when the holder is frozen', async () => {
    const holder = new GoCaller(watchful.address);
    expect(await holder.call('Lock', { name: 'c51' })).toMatchObject({ locked: true });
    const { reply } = await enqueue(connect(watchful.address), { name: 'c51' });
    const waiting = timed(reply);
    holder.freeze();
    const { result, ms } = await waiting;
    expect(result).toStrictEqual(granted('c51'));
    expect(ms).toBeGreaterThan(900);
    expect(ms).toBeLessThan(5_000);
  });

  it('52: leaves the locks of the other connections of a process alone', async () => {
    const [first, second, other] = [
      connect(server.address),
      connect(server.address),
      connect(server.address),
    ];
    await first.lock({ name: 'c52-first' });
    await second.lock({ name: 'c52-second' });
    first.close();
    await expectAllFree(other, ['c52-first']);
    expect(await other.tryLock({ name: 'c52-second' })).toStrictEqual(taken('c52-second'));
  });
});

describe('with no_clear_on_disconnect, the end of a session', () => {
  it('54: keeps its locks', async () => {
    const holder = connect(keeping.address);
    await holder.lock({ name: 'c54' });
    holder.close();
    await pause(300);
    expect(await connect(keeping.address).tryLock({ name: 'c54' })).toStrictEqual(taken('c54'));
  });

  it('55: lets their timeouts run on', async () => {
    const waiter = connect(keeping.address);
    await waiter.tryLock({ name: 'connected' });
    const holder = connect(keeping.address);
    await holder.lock({ name: 'c55', lock_timeout_seconds: 1 });
    holder.close();
    const { result, ms } = await timed(waiter.lock({ name: 'c55' }));
    expect(result).toStrictEqual(granted('c55'));
    expect(ms).toBeGreaterThan(900);
    expect(ms).toBeLessThan(1_800);
  });

  it('56: leaves them to be unlocked by key from another session', async () => {
    const holder = connect(keeping.address);
    const { key } = await holder.lock({ name: 'c56' });
    holder.close();
    await pause(100);
    expect(await connect(keeping.address).unlock('c56', key)).toStrictEqual(unlocked('c56'));
  });
});

describe('connections that drop with calls in flight', () => {
  const connections = 150;
  const locksEach = 20;

  it('58: unlock what their own sessions took, and kept', async () => {
    const names: string[] = [];
    for (const number of range(connections)) {
      const mine = range(locksEach).map((index) => `c58-${number}-${index}`);
      const taker = connect(keeping.address);
      const held = await Promise.all(mine.map((name) => taker.lock({ name })));
      taker.close();
      const peer = await connectRaw(keeping.address);
      for (const [index, lock] of held.entries())
        sendCall(peer, 2 * index + 1, 'Unlock', lock.name, lock.key);
      await closeRaw(peer);
      names.push(...mine);
    }
    await expectAllFree(connect(keeping.address), names);
  });

  it("58: unlock another session's locks", async () => {
    const owner = connect(server.address);
    const names: string[] = [];
    for (const number of range(connections)) {
      const mine = range(locksEach).map((index) => `c58-${number}-${index}`);
      const held = await Promise.all(mine.map((name) => owner.lock({ name })));
      const peer = await connectRaw(server.address);
      for (const [index, lock] of held.entries())
        sendCall(peer, 2 * index + 1, 'Unlock', lock.name, lock.key);
      // Every other one is reset: what it sent may be lost then, but the server is not.
      await (number % 2 === 0 ? closeRaw(peer) : destroyRaw(peer));
      names.push(...mine);
    }
    owner.close();
    await expectAllFree(connect(server.address), names);
  });

  it('59: leave no lock behind that they asked for', async () => {
    const names: string[] = [];
    for (const number of range(connections)) {
      const peer = await connectRaw(server.address);
      for (const index of range(locksEach)) {
        const name = `c59-${number}-${index}`;
        sendCall(peer, 2 * index + 1, 'TryLock', name);
        names.push(name);
      }
      await (number % 2 === 0 ? closeRaw(peer) : destroyRaw(peer));
    }
    await expectAllFree(connect(server.address), names);
  });
});

describe('names and keys', () => {
  it('60: are not confused when one ends as the other begins', async () => {
    const client = connect(server.address);
    const { key } = await client.lock({ name: 'c60-xy', lock_timeout_seconds: 1 });
    const renewal = await client.call('Renew', { name: 'c60-x', key: `y${key}`, lock_timeout_seconds: 60 });
    expect(renewal).toStrictEqual(refused('c60-x', 5, text.renewal, `y${key}`));
    expect(await client.unlock('c60-x', `y${key}`)).toStrictEqual(notUnlocked('c60-x', 1, text.unknownName));
    const { result, ms } = await timed(client.lock({ name: 'c60-xy' }));
    expect(result).toStrictEqual(granted('c60-xy'));
    expect(ms).toBeLessThan(1_800);
  });
});
