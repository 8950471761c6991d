import { describe, expect, it } from 'vitest';
import { nextInLine } from '../../src/page/next-in-line.ts';
import { holder, rowOf, waiter } from './claims.ts';

describe('who is next', () => {
  it('is nobody when nobody waits', () => {
    const row = rowOf('a', [holder(1)]);
    expect(nextInLine(row, row.holders)).toStrictEqual({ kind: 'nobody' });
  });

  it('is the head of the queue when it fits', () => {
    const row = rowOf('a', [holder(1)], [waiter(2), waiter(3)]);
    expect(nextInLine(row, row.holders)).toStrictEqual({ kind: 'granted', waiter: waiter(2) });
  });

  it('is nobody yet when the head needs more than is given back', () => {
    const row = rowOf('a', [holder(1), holder(2), holder(3)], [waiter(4, { permits: 2 }), waiter(5)], {
      size: 3,
    });
    const head = waiter(4, { permits: 2 });
    expect(nextInLine(row, [row.holders[0]!])).toStrictEqual({ kind: 'blocked', waiter: head });
    expect(nextInLine(row, row.holders.slice(1))).toStrictEqual({ kind: 'granted', waiter: head });
  });

  it('waits for all who share when it wants the lock alone, and for nobody when it shares', () => {
    const shared = [1, 2].map((claim) => holder(claim, { mode: 'SHARED' }));
    const alone = rowOf('a', shared, [waiter(3)]);
    expect(nextInLine(alone, [shared[0]!]).kind).toBe('blocked');
    expect(nextInLine(alone, shared).kind).toBe('granted');
    const sharing = rowOf('a', shared, [waiter(3, { mode: 'SHARED' })]);
    expect(nextInLine(sharing, [shared[0]!]).kind).toBe('granted');
    const exclusive = rowOf('a', [holder(1)], [waiter(3, { mode: 'SHARED' })]);
    expect(nextInLine(exclusive, []).kind).toBe('blocked');
  });

  it('is not known when the queue is not, nor whether it fits when holders are not', () => {
    expect(nextInLine(rowOf('a', [holder(1)], [], { waiterCount: 4 }), [])).toStrictEqual({
      kind: 'unknown',
      waiterCount: 4,
    });
    const row = rowOf('a', [holder(1)], [waiter(2)], { size: 9, holderCount: 5 });
    expect(nextInLine(row, row.holders).kind).toBe('blocked');
  });
});
