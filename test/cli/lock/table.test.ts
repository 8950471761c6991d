import stringWidth from 'string-width';
import { describe, expect, it } from 'vitest';
import { cut, fitWidths, Table } from '../../../src/cli/lock/table.ts';

describe('Table', () => {
  it('aligns columns by what is seen of them', () => {
    const table = new Table(['NAME', 'AGE'], 80, false);
    expect(
      table.format([
        ['名前', '1s'],
        ['a', '22s'],
        ['👍🏽', ''],
        ['é', '3s', 'no column'],
      ]),
    ).toBe('NAME  AGE\n名前  1s\na     22s\n👍🏽\né     3s\n');
  });

  it('has its head once, and the widths of the first rows', () => {
    const table = new Table(['A', 'B'], 80, false);
    expect(table.format([['xxxx', '1']])).toBe('A     B\nxxxx  1\n');
    expect(
      table.format([
        ['yyyyyyy', '2'],
        ['z', '3'],
      ]),
    ).toBe('yyy…  2\nz     3\n');
  });

  it('fits the terminal, whatever the cells are', () => {
    const rows = [['x'.repeat(70_000), '名'.repeat(100), 'short', 'y'.repeat(30)]];
    for (const columns of [40, 80, 200]) {
      const lines = new Table(['A', 'B', 'C', 'D'], columns, false).format(rows).trimEnd().split('\n');
      for (const line of lines) expect(stringWidth(line)).toBeLessThanOrEqual(columns);
    }
  });

  it('shows no control characters', () => {
    expect(new Table(['A'], 80, false).format([['\x1b[31mred\n']])).toBe('A\n\\x1b[31mred\\n\n');
  });

  it('makes its head bold where colours are wanted', () => {
    expect(new Table(['A'], 80, true).format([['x']])).toBe('\x1b[1mA\x1b[22m\nx\n');
  });
});

describe('fitWidths', () => {
  it.each([
    [[5, 5], 10, [5, 5]],
    [[30, 5], 20, [15, 5]],
    [[30, 28, 5], 45, [20, 20, 5]],
    [[9, 9], 4, [8, 8]],
    [[70_000, 100, 20], 60, [20, 20, 20]],
  ])('of %j in %d is %j', (natural, room, fitted) => {
    const widths = fitWidths(natural, room);
    expect([...widths].sort()).toEqual([...fitted].sort());
  });
});

describe('cut', () => {
  it.each([
    ['abc', 3, 'abc'],
    ['abcd', 3, 'ab…'],
    ['名前名', 4, '名…'],
    ['名前名', 6, '名前名'],
    ['👨‍👩‍👧x', 2, '…'],
    ['', 5, ''],
  ])('of %j in %d is %j', (text, width, kept) => {
    expect(cut(text, width)).toBe(kept);
  });
});
