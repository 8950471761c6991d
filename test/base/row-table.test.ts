import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ROW_MASK, ROW_SHIFT, RowTable } from '../../src/base/row-table.ts';

const STRIDE = 4;

/** The smallest table: one word and one float per row. */
class PairTable {
  readonly rows = new RowTable(STRIDE);

  open(word: number, float: number): number {
    const row = this.rows.open();
    this.rows.words[row >>> ROW_SHIFT]![(row & ROW_MASK) * STRIDE + 1] = word;
    this.rows.floats[row >>> ROW_SHIFT]![(row & ROW_MASK) * (STRIDE / 2) + 1] = float;
    return row;
  }

  read(row: number): [number, number] {
    return [
      this.rows.words[row >>> ROW_SHIFT]![(row & ROW_MASK) * STRIDE + 1]!,
      this.rows.floats[row >>> ROW_SHIFT]![(row & ROW_MASK) * (STRIDE / 2) + 1]!,
    ];
  }
}

describe('RowTable', () => {
  it('never hands out row 0, which stands for none', () => {
    const table = new PairTable();
    expect(table.rows.isOpen(0)).toBe(false);
    expect(table.open(1, 1)).toBe(1);
    expect(table.rows.isOpen(0)).toBe(false);
  });

  it('uses the rows closed last first', () => {
    const table = new PairTable();
    const rows = [table.open(1, 1), table.open(2, 2), table.open(3, 3)];
    table.rows.close(rows[0]!);
    table.rows.close(rows[2]!);
    expect(table.open(4, 4)).toBe(rows[2]);
    expect(table.open(5, 5)).toBe(rows[0]);
    expect(table.open(6, 6)).toBe(4);
    expect(table.rows.endRow).toBe(5);
  });

  it('tells by the generation that a row was used again', () => {
    const table = new PairTable();
    const row = table.open(1, 1);
    const generation = table.rows.generation(row);
    expect(generation & 1).toBe(1);
    table.rows.close(row);
    expect(table.rows.isOpen(row)).toBe(false);
    expect(table.open(2, 2)).toBe(row);
    expect(table.rows.isOpen(row)).toBe(true);
    expect(table.rows.generation(row)).toBe(generation + 2);
  });

  it('knows no row beyond the end', () => {
    const table = new PairTable();
    expect(table.rows.isOpen(1)).toBe(false);
    expect(table.rows.isOpen(1_000_000)).toBe(false);
  });

  it('keeps every field of every row over several pages', () => {
    const table = new PairTable();
    const count = (ROW_MASK + 1) * 3 + 5;
    for (let i = 1; i <= count; i++) expect(table.open(-i, i + 0.5)).toBe(i);
    expect(table.rows.count).toBe(count);
    for (let i = 1; i <= count; i++) {
      const [word, float] = table.read(i);
      if (word !== -i || float !== i + 0.5) expect.fail(`row ${i} holds ${word} and ${float}`);
    }
  });

  it('behaves like a map from rows to values', () => {
    const step = fc.oneof(
      fc.record({ open: fc.constant(true), word: fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }) }),
      fc.record({ open: fc.constant(false), word: fc.nat(50) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const table = new PairTable();
        const model = new Map<number, number>();
        for (const { open, word } of steps) {
          if (open) {
            const row = table.open(word, word / 2);
            expect(model.has(row)).toBe(false);
            model.set(row, word);
          } else if (model.size > 0) {
            const row = [...model.keys()][word % model.size]!;
            table.rows.close(row);
            model.delete(row);
          }
          expect(table.rows.count).toBe(model.size);
        }
        for (let row = 0; row < table.rows.endRow; row++) expect(table.rows.isOpen(row)).toBe(model.has(row));
        for (const [row, word] of model) expect(table.read(row)).toEqual([word, word / 2]);
      }),
    );
  });
});
