import { describe, expect, it } from 'vitest';
import { LockPaths } from '../../../src/engine/zookeeper/lock-place.ts';
import { openApart } from './open-over-model.ts';

const paths = new LockPaths([
  { name: 's', path: '/pool', layout: 'semaphore' },
  { name: 'm', path: '/mutex', layout: 'mutex' },
]);

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
    const { one, two } = await openApart({ paths });
    const pool = { name: 's', size: 3 };
    const calls = [one, two, one, two].map(({ caller }) => [caller, caller.send('TryLock', pool)] as const);
    const answers = await Promise.all(calls.map(([caller, call]) => caller.answerTo(call)));
    expect(answers.filter(({ locked }) => locked === true)).toHaveLength(3);
  });

  it('of a lease does not wait for long for somebody who does not go on', async () => {
    const { one, two } = await openApart({ paths });
    const pool = { name: 's', size: 2 };
    await one.caller.acquire(pool);
    const stuck = one.nodes.create('/pool/locks/_c_stuck-lock-', { mode: 'ephemeralSequential' });
    await one.pass(20);
    await stuck;
    const startMs = two.nowMs();
    expect(await two.caller.ask('TryLock', pool)).toEqual({ name: 's' });
    expect(two.nowMs() - startMs).toBeGreaterThanOrEqual(1_000);
    expect(two.nowMs() - startMs).toBeLessThan(1_300);
  });
});
