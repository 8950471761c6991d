import { describe, expect, it } from 'vitest';
import type { ClaimInfo } from '../../src/contract/lock-info.ts';
import { event, holder, lock, rowOf, waiter } from './claims.ts';

const ids = (claims: readonly ClaimInfo[]): readonly string[] => claims.map(({ claimId }) => claimId);

describe('a lock row', () => {
  it('follows a claim from the queue to its end', () => {
    const row = rowOf('a', [holder(1)]);
    row.apply(event('waiting', waiter(2), [1, 1]));
    row.apply(event('waiting', waiter(3), [1, 2]));
    expect(ids(row.waiters)).toStrictEqual(['2', '3']);
    row.apply(event('released', holder(1), [0, 2]));
    expect([row.holderCount, row.waiterCount, row.isIdle]).toStrictEqual([0, 2, false]);
    row.apply(event('granted', holder(2), [1, 1]));
    expect([ids(row.holders), ids(row.waiters)]).toStrictEqual([['2'], ['3']]);
    row.apply(event('renewed', holder(2, { deadlineMs: 9_000 }), [1, 1]));
    expect(row.holders).toStrictEqual([holder(2, { deadlineMs: 9_000 })]);
    row.apply(event('left', waiter(3), [1, 0]));
    row.apply(event('expired', holder(2), [0, 0]));
    expect([row.holders, row.waiters, row.isIdle]).toStrictEqual([[], [], true]);
  });

  it('changes its version with each change', () => {
    const row = rowOf('a', [holder(1)]);
    const { version } = row;
    row.apply(event('renewed', holder(1), [1, 0]));
    expect(row.version).toBeGreaterThan(version);
  });

  it('knows no place in the queue behind a gap', () => {
    const row = rowOf('a', [holder(1)], [waiter(2)], { waiterCount: 150 });
    row.apply(event('waiting', waiter(200), [1, 151]));
    expect(ids(row.waiters)).toStrictEqual(['2']);
    expect([row.waiterCount, row.isPartial]).toStrictEqual([151, true]);
  });

  it('keeps 100 holders and 100 waiters by name, and the number of all', () => {
    const row = rowOf('a', []);
    for (let claim = 1; claim <= 101; claim++) row.apply(event('granted', holder(claim), [claim, 0]));
    for (let claim = 201; claim <= 301; claim++) {
      row.apply(event('waiting', waiter(claim), [101, claim - 200]));
    }
    expect([row.holders.length, row.holderCount]).toStrictEqual([100, 101]);
    expect([row.waiters.length, row.waiterCount]).toStrictEqual([100, 101]);
    // As much is known as there is to know.
    expect(row.isPartial).toBe(false);
    row.apply(event('released', holder(1), [100, 101]));
    expect(row.isPartial).toBe(true);
    const claims = Array.from({ length: 101 }, (_none, claim) => holder(claim));
    row.replace(lock('a', claims, claims));
    expect([row.holders.length, row.holderCount]).toStrictEqual([100, 101]);
    expect([row.waiters.length, row.waiterCount]).toStrictEqual([100, 101]);
  });

  it('shows no more claims than are counted', () => {
    const row = rowOf('a', [holder(1), holder(2)]);
    // The release of the first was missed.
    row.apply(event('granted', holder(3), [2, 0]));
    expect(ids(row.holders)).toStrictEqual(['2', '3']);
    const queued = rowOf('a', [holder(1)], [waiter(2), waiter(3), waiter(4)]);
    // So was the end of the first wait.
    queued.apply(event('left', waiter(4), [1, 1]));
    expect(ids(queued.waiters)).toStrictEqual(['3']);
  });

  it('is told the same twice without harm', () => {
    const row = rowOf('a', [holder(1)], [waiter(2)]);
    row.apply(event('granted', holder(1), [1, 1]));
    row.apply(event('waiting', waiter(2), [1, 1]));
    expect([ids(row.holders), ids(row.waiters)]).toStrictEqual([['1'], ['2']]);
  });

  it('takes a lock for the whole truth', () => {
    const row = rowOf('a', [holder(1)], [waiter(2)]);
    row.isStale = true;
    row.replace(lock('a', [holder(5)], [], { size: 3 }));
    expect([ids(row.holders), row.waiters, row.size, row.isStale]).toStrictEqual([['5'], [], 3, false]);
  });
});
