import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { HashIndex } from '../../src/base/hash-index.ts';

function rowsOf(index: HashIndex, hash: number): number[] {
  const rows: number[] = [];
  for (let entry = index.first(hash); entry !== 0; entry = index.next(entry)) rows.push(index.row(entry));
  return rows.sort((a, b) => a - b);
}

describe('HashIndex', () => {
  it('finds nothing while empty', () => {
    expect(new HashIndex().first(5)).toBe(0);
  });

  it('keeps rows with one hash apart', () => {
    const index = new HashIndex();
    index.add(5, 1);
    index.add(5, 2);
    index.add(5 + 64, 3);
    expect(rowsOf(index, 5)).toEqual([1, 2]);
    index.remove(5, 3);
    index.remove(5, 1);
    expect(rowsOf(index, 5)).toEqual([2]);
    expect(rowsOf(index, 5 + 64)).toEqual([3]);
  });

  it('takes a hash for the same whether signed or not', () => {
    const index = new HashIndex();
    index.add(0xffff_fffe, 1);
    expect(rowsOf(index, -2)).toEqual([1]);
    index.remove(-2, 1);
    expect(index.count).toBe(0);
  });

  it('finds every row after growing through many splits, and uses closed entries again', () => {
    const index = new HashIndex();
    const count = 20_000;
    const hashOf = (row: number) => Math.imul(row, 0x9e37_79b1);
    for (let row = 1; row <= count; row++) index.add(hashOf(row), row);
    for (let row = 1; row <= count; row++) {
      const entry = index.first(hashOf(row));
      if (entry === 0 || index.row(entry) !== row) expect.fail(`row ${row} is not found`);
    }
    const end = index.endEntry;
    for (let row = 1; row <= count; row++) index.remove(hashOf(row), row);
    for (let row = 1; row <= count; row++) index.add(hashOf(row), row);
    expect(index.endEntry).toBe(end);
    expect(index.count).toBe(count);
  });

  it('behaves like a map from hashes to sets of rows', () => {
    const step = fc.record({ add: fc.boolean(), hash: fc.integer({ min: -70, max: 70 }), row: fc.nat(5) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 300 }), (steps) => {
        const index = new HashIndex();
        const model = new Map<number, Set<number>>();
        for (const { add, hash, row } of steps) {
          const rows = model.get(hash) ?? new Set();
          model.set(hash, rows);
          if (add && !rows.has(row)) {
            rows.add(row);
            index.add(hash, row);
          } else if (!add) {
            rows.delete(row);
            index.remove(hash, row);
          }
        }
        for (let hash = -70; hash <= 70; hash++) {
          expect(rowsOf(index, hash)).toEqual([...(model.get(hash) ?? [])].sort((a, b) => a - b));
        }
      }),
    );
  });
});
