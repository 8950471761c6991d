import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { changesBetween } from '../../../src/engine/zookeeper/lock-changes.ts';
import { LockPaths } from '../../../src/engine/zookeeper/lock-place.ts';
import type { PlacedContender, PlacedLock } from '../../../src/engine/zookeeper/placed-lock.ts';

const place = new LockPaths().placeOf('a');

function contender(path: string, version = 0): PlacedContender {
  const stat = { version } as PlacedContender['stat'];
  return { path, key: path, isReader: false, stat, data: null, text: '' };
}

function lock(holders: readonly PlacedContender[], waiters: readonly PlacedContender[]): PlacedLock {
  const counts = { holderCount: holders.length, waiterCount: waiters.length };
  return { place, size: 2, ...counts, holders, waiters };
}

const said = (before: PlacedLock | null, after: PlacedLock | null): string[] =>
  changesBetween(before, after).map(
    ({ type, contender: { path }, holderCount, waiterCount }) =>
      `${type} ${path} ${holderCount}/${waiterCount}`,
  );

describe('what has happened to a lock between two looks', () => {
  it('is told in an order in which it can have happened, with the counts after each', () => {
    const [a, b, c, d] = ['a', 'b', 'c', 'd'].map((path) => contender(path)) as [
      PlacedContender,
      PlacedContender,
      PlacedContender,
      PlacedContender,
    ];
    expect(said(null, lock([a], []))).toEqual(['granted a 1/0']);
    expect(said(lock([a], []), lock([a], [b]))).toEqual(['waiting b 1/1']);
    expect(said(lock([a], [b, c]), lock([b], [c, d]))).toEqual([
      'released a 0/2',
      'granted b 1/1',
      'waiting d 1/2',
    ]);
    expect(said(lock([a], [b]), lock([a], []))).toEqual(['left b 1/0']);
    expect(said(lock([a], [b]), null)).toEqual(['released a 0/1', 'left b 0/0']);
    expect(said(lock([a], []), lock([contender('a', 1)], []))).toEqual(['renewed a 1/0']);
    expect(said(lock([a], [b]), lock([a], [b]))).toEqual([]);
  });

  it('ends with the counts that the lock has', () => {
    const paths = fc.uniqueArray(fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f'), { maxLength: 6 });
    const anyLock = fc.tuple(paths, fc.nat({ max: 3 })).map(([all, held]) => {
      const contenders = all.map((path) => contender(path));
      return lock(contenders.slice(0, held), contenders.slice(held));
    });
    fc.assert(
      fc.property(anyLock, anyLock, (before, after) => {
        const last = changesBetween(before, after).at(-1) ?? before;
        // Who held and waits now has been released meanwhile, and has come again.
        const wereHolders = new Set(before.holders.map(({ path }) => path));
        fc.pre(after.waiters.every(({ path }) => !wereHolders.has(path)));
        expect([last.holderCount, last.waiterCount]).toEqual([after.holderCount, after.waiterCount]);
      }),
    );
  });
});
