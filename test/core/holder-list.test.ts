import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ClaimTable } from '../../src/core/claim-table.ts';
import { LockCommand } from '../../src/core/command.ts';
import { HolderList } from '../../src/core/holder-list.ts';
import { LockKey } from '../../src/core/lock-key.ts';
import { LockTable } from '../../src/core/lock-table.ts';
import { FencingToken } from '../../src/core/sink.ts';

/** Keys of a small range of first words, so that many of them have one hash. */
function keyOf(number: number): LockKey {
  return Object.assign(new LockKey(), { a: number % 3, b: number, c: -number, d: ~number });
}

/** The holders of two locks of size 100. */
function openHolders() {
  const claims = new ClaimTable();
  const locks = new LockTable(1);
  const holders = new HolderList(claims, locks);
  const lockRows = ['a', 'b'].map((name) => locks.open(name, 100));
  const command = Object.assign(new LockCommand(), { permits: 2 });
  const add = (lock: number, key: number): number => {
    Object.assign(command.key, keyOf(key));
    const claim = claims.open(command, lockRows[lock]!, 0);
    holders.add(claim, new FencingToken(), 0);
    return claim;
  };
  const find = (lock: number, key: number): number => holders.find(lockRows[lock]!, keyOf(key));
  return { claims, locks, holders, lockRows, add, find };
}

describe('HolderList', () => {
  it('finds holders by their keys, few or many, newest first, whoever leaves', () => {
    const remove = fc.oneof(
      { weight: 2, arbitrary: fc.constant(null) },
      { weight: 1, arbitrary: fc.nat(30) },
    );
    const step = fc.record({ lock: fc.nat(1), remove });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80, size: 'max' }), (steps) => {
        const { claims, locks, holders, lockRows, add, find } = openHolders();
        const model: { claim: number; key: number }[][] = [[], []];
        for (const [key, { lock, remove }] of steps.entries()) {
          const list = model[lock]!;
          if (remove === null) {
            list.unshift({ claim: add(lock, key), key });
          } else if (list.length > 0) {
            const [left] = list.splice(remove % list.length, 1);
            holders.remove(left!.claim);
            expect(find(lock, left!.key)).toBe(0);
          }
        }
        for (const [lock, list] of model.entries()) {
          const row = lockRows[lock]!;
          expect([locks.holders(row), locks.usedPermits(row)]).toEqual([list.length, 2 * list.length]);
          let walked = locks.firstHolder(row);
          for (const { claim, key } of list) {
            expect([walked, find(lock, key), find(1 - lock, key)]).toEqual([claim, claim, 0]);
            walked = claims.next(walked);
          }
          expect(walked).toBe(0);
        }
      }),
    );
  });

  it('indexes the keys of a lock from its ninth holder on until the last one has gone', () => {
    const { locks, holders, lockRows, add, find } = openHolders();
    add(1, 100);
    const held = Array.from({ length: 8 }, (_, key) => add(0, key));
    expect(holders.indexedKeys).toBe(0);
    held.push(add(0, 8));
    expect([holders.indexedKeys, find(0, 0), find(1, 100) !== 0]).toEqual([9, held[0], true]);
    for (const claim of held.splice(1)) holders.remove(claim);
    expect([holders.indexedKeys, find(0, 0), find(0, 8)]).toEqual([1, held[0], 0]);
    holders.remove(held[0]!);
    expect([holders.indexedKeys, locks.areKeysIndexed(lockRows[0]!)]).toEqual([0, false]);
    add(0, 9);
    expect(holders.indexedKeys).toBe(0);
  });
});
