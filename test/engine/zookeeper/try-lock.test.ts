import { describe, expect, it } from 'vitest';
import { GrpcStatus } from '../../../src/contract/grpc-status.ts';
import { LockPaths } from '../../../src/engine/zookeeper/lock-place.ts';
import { ConnectionLossError } from '../../../src/zookeeper/zookeeper-error.ts';
import { openApart } from './open-over-model.ts';

const paths = new LockPaths([
  { name: 's', path: '/pool', layout: 'semaphore' },
  { name: 'm', path: '/mutex', layout: 'mutex' },
]);

const pool = { name: 's', size: 2 };

/** One lease of two is left, and somebody stands in line who does not take it. */
async function openStuck() {
  const open = await openApart({ paths });
  open.goOn();
  await open.one.caller.acquire(pool);
  void open.one.nodes.create('/pool/locks/_c_stuck-lock-', { mode: 'ephemeralSequential' });
  await open.one.pass(200);
  return open;
}

describe('a TryLock', () => {
  it.each<[what: string, lock: { readonly name: string; readonly size?: number }]>([
    ['a lock', { name: 'a' }],
    ['a lock of several', { name: 'b', size: 2 }],
    ["Curator's mutex", { name: 'm' }],
    ["Curator's semaphore", { name: 's', size: 2 }],
  ])('is granted what was given back at a server that is ahead: %s', async (_what, lock) => {
    const { one, two } = await openApart({ paths });
    const keys: string[] = [];
    for (let i = 0; i < (lock.size ?? 1); i++) keys.push(await one.caller.acquire(lock));
    // Until now the other server knows of it, and then of nothing that happens elsewhere.
    expect(await two.caller.ask('TryLock', lock)).toEqual({ name: lock.name });
    await one.caller.ask('Unlock', { name: lock.name, key: keys[0]! });
    expect(await two.caller.ask('TryLock', lock)).toMatchObject({ locked: true });
    expect(await two.caller.ask('TryLock', lock)).toEqual({ name: lock.name });
  });

  it('of a lease waits for those who are about to take one', async () => {
    const { one, two, goOn } = await openApart({ paths });
    goOn();
    const calls = [one, two, two].map(({ caller }) => [caller, caller.send('TryLock', pool)] as const);
    const answers = await Promise.all(calls.map(([caller, call]) => caller.answerTo(call)));
    expect(answers.filter(({ locked }) => locked === true)).toHaveLength(2);
  });

  it('of a lease does not wait for long for somebody who does not go on', async () => {
    const { two } = await openStuck();
    const startMs = two.nowMs();
    expect(await two.caller.ask('TryLock', pool)).toEqual({ name: 's' });
    expect(two.nowMs() - startMs).toBeGreaterThanOrEqual(1_000);
    expect(two.nowMs() - startMs).toBeLessThan(1_300);
  });

  it('of a lease is refused as soon as somebody else has taken the last', async () => {
    const { one, two } = await openStuck();
    const startMs = two.nowMs();
    const call = two.caller.send('TryLock', pool);
    await one.pass(100);
    void one.nodes.create('/pool/leases/_c_other-lease-', { mode: 'ephemeralSequential' });
    expect(await two.caller.answerTo(call)).toEqual({ name: 's' });
    expect(two.nowMs() - startMs).toBeLessThan(500);
  });

  it('of a lease is told that nothing is known where that is so', async () => {
    const { two } = await openStuck();
    const call = two.caller.send('TryLock', pool);
    await two.pass(100);
    two.nodes.getChildren = (path) => Promise.reject(new ConnectionLossError(path));
    expect(await two.caller.replyTo(call)).toMatchObject({ status: GrpcStatus.Unavailable });
  });
});
