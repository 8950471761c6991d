import { expect, it } from 'vitest';
import { Mutex } from '../../../src/zookeeper/locks/mutex.ts';
import { ReadWriteLock } from '../../../src/zookeeper/locks/read-write-lock.ts';
import type { LocksUnderTest } from '../model/lock-under-test.ts';
import { isReplay, simulate } from '../model/simulate.ts';

/** `SCHEDULES` says how many; `SEED` replays one that failed, with what happened. */
const schedules = Number(process.env['SCHEDULES'] ?? 5_000);

const locks: LocksUnderTest = {
  isReentrant: true,
  givesFreeLeases: true,
  mutex: (nodes, path, maxLeases) => new Mutex(nodes, path, { maxLeases }),
  readWrite: (nodes, path) => {
    const { readLock, writeLock } = new ReadWriteLock(nodes, path);
    return { read: readLock, write: writeLock };
  },
};

it(`locks keep the rules over ${schedules} schedules of clients and faults`, {
  timeout: 900_000,
}, async () => {
  const totals = await simulate(locks, schedules);
  if (isReplay) return;
  // A simulation in which something never happens proves nothing about it.
  for (const [name, total] of Object.entries(totals)) expect(total, name).toBeGreaterThan(0);
});
