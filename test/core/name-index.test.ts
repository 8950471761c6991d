import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { NameIndex } from '../../src/core/name-index.ts';

describe('NameIndex', () => {
  it('behaves like a map of names, whatever the seed', () => {
    // Few short names, so that many are added, removed and added again.
    const step = fc.record({
      add: fc.boolean(),
      name: fc.string({ unit: fc.constantFrom('a', 'b', '\xff'), maxLength: 3 }),
    });
    fc.assert(
      fc.property(fc.integer(), fc.array(step, { maxLength: 200 }), (seed, steps) => {
        const index = new NameIndex(seed);
        const model = new Map<string, number>();
        let rows = 0;
        for (const { add, name } of steps) {
          const row = model.get(name);
          expect(index.find(name)).toBe(row ?? 0);
          if (add && row === undefined) {
            model.set(name, ++rows);
            index.add(name, rows);
          } else if (!add && row !== undefined) {
            model.delete(name);
            index.remove(row);
          }
        }
        for (const [name, row] of model) {
          expect(index.find(name)).toBe(row);
          expect(index.name(row)).toBe(name);
        }
      }),
    );
  });

  it('spreads names that differ only at one end, or only in the high bit', () => {
    const count = 20_000;
    for (const nameOf of [
      (i: number) => `lock-${i}`,
      (i: number) => `${i}-a-long-common-ending`,
      (i: number) => i.toString(2).padStart(20, '0').replaceAll('1', '\x80'),
    ]) {
      const index = new NameIndex(12345);
      for (let i = 1; i <= count; i++) index.add(nameOf(i), i);
      const start = performance.now();
      for (let i = 1; i <= count; i++) expect(index.find(nameOf(i)) === i).toBe(true);
      // Some milliseconds when they are spread, minutes when they share few buckets.
      expect(performance.now() - start).toBeLessThan(5000);
    }
  });

  it('finds the longest name', () => {
    const index = new NameIndex(0);
    const name = 'n'.repeat(65_536);
    index.add(name, 1);
    expect(index.find(name)).toBe(1);
    expect(index.find(name.slice(1))).toBe(0);
  });
});
