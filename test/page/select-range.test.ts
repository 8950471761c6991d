import { array, assert, integer, nat, property } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { selectRange } from '../../src/page/select-range.ts';

const before = (left: number, right: number): boolean => left < right;

describe('selectRange', () => {
  it('gives what sorting everything would give', () => {
    assert(
      property(array(integer({ min: 0, max: 20 })), nat(30), nat(30), (items, start, length) => {
        const expected = [...items].sort((a, b) => a - b).slice(start, start + length);
        expect(selectRange([...items], start, start + length, before)).toStrictEqual(expected);
      }),
      { numRuns: 2_000 },
    );
  });

  it('compares far less often than a sort, in whatever order the items come', () => {
    const count = 20_000;
    for (const items of [
      // In no order: a prime number of steps from one to the next.
      Array.from({ length: count }, (_none, index) => (index * 7_919) % count),
      Array.from({ length: count }, (_none, index) => index),
      Array.from({ length: count }, (_none, index) => count - index),
      Array.from({ length: count }, () => 7),
    ]) {
      let compares = 0;
      const counting = (left: number, right: number): boolean => {
        compares++;
        return left < right;
      };
      selectRange(items, 10_000, 10_050, counting);
      expect(compares).toBeLessThan(count * 12);
    }
  });
});
