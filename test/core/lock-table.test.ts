import { describe, expect, it } from 'vitest';
import { LockTable } from '../../src/core/lock-table.ts';

describe('LockTable', () => {
  it('finds locks by name until they are closed', () => {
    const locks = new LockTable(1);
    const [a, b] = [locks.open('a', 1), locks.open('b', 2)];
    expect([locks.find('a'), locks.find('b'), locks.find('c')]).toEqual([a, b, 0]);
    expect([locks.name(b), locks.size(b)]).toEqual(['b', 2]);
    locks.close(a);
    expect([locks.find('a'), locks.count]).toEqual([0, 1]);
    expect(locks.open('c', 3)).toBe(a);
    expect([locks.find('a'), locks.find('c'), locks.size(a)]).toEqual([0, a, 3]);
  });

  it('opens a lock clean, whatever the row held before', () => {
    const locks = new LockTable(1);
    const lock = locks.open('a', 2);
    locks.addHolder(lock, 5, 2, false);
    locks.setFirstWaiter(lock, 6);
    locks.setLastWaiter(lock, 7);
    locks.addWaiters(lock, 2);
    locks.setKeysIndexed(lock, true);
    locks.close(lock);
    locks.open('b', 2);
    expect([locks.holders(lock), locks.firstHolder(lock), locks.usedPermits(lock)]).toEqual([0, 0, 0]);
    expect([locks.waiters(lock), locks.firstWaiter(lock), locks.lastWaiter(lock)]).toEqual([0, 0, 0]);
    expect(locks.areKeysIndexed(lock)).toBe(false);
  });

  it('fits permits into what is left, and readers beside readers', () => {
    const locks = new LockTable(1);
    const lock = locks.open('a', 3);
    expect([1, 3, 4].map((permits) => locks.fits(lock, permits, false))).toEqual([true, true, false]);
    expect(locks.addHolder(lock, 1, 2, false)).toBe(1);
    expect([1, 2].map((permits) => locks.fits(lock, permits, false))).toEqual([true, false]);
    expect(locks.fits(lock, 1, true)).toBe(false);
    expect(locks.removeHolder(lock, 2, false)).toBe(0);
    expect(locks.addHolder(lock, 1, 1, true)).toBe(1);
    expect(locks.addHolder(lock, 2, 1, true)).toBe(2);
    expect([locks.fits(lock, 1, true), locks.fits(lock, 1, false)]).toEqual([true, false]);
    expect([locks.readers(lock), locks.usedPermits(lock), locks.firstHolder(lock)]).toEqual([2, 0, 2]);
  });
});
