import { describe, expect, it } from 'vitest';
import {
  formatAge,
  formatCount,
  formatDuration,
  formatNumberOf,
  groupDigits,
  visibleText,
} from '../../src/page/text-format.ts';

describe('an age', () => {
  it.each([
    [-5, '0 s'],
    [999, '0 s'],
    [59_999, '59 s'],
    [60_000, '1 min 00 s'],
    [3_599_999, '59 min 59 s'],
    [3_600_000, '1 h 00 min'],
    [86_399_999, '23 h 59 min'],
    [86_400_000, '1 d 00 h'],
    [400 * 86_400_000 + 3 * 3_600_000, '400 d 03 h'],
  ])('of %d ms is %s', (ms, text) => expect(formatAge(ms)).toBe(text));
});

describe('a duration', () => {
  it.each([
    [0, '0 ms'],
    [0.25, '0.25 ms'],
    [1, '1 ms'],
    [9.94, '9.9 ms'],
    [12.4, '12 ms'],
    [1_500, '1.5 s'],
    [12_400, '12 s'],
    [90_000, '1.5 min'],
    [5_400_000, '1.5 h'],
  ])('of %d ms is %s', (ms, text) => expect(formatDuration(ms)).toBe(text));
});

describe('a count', () => {
  it.each([
    [0, '0'],
    [0.44, '0.4'],
    [9.96, '10'],
    [37.4, '37'],
    [1_234, '1,234'],
    [9_999.7, '10,000'],
    [12_345, '12.3k'],
    [999_499, '999k'],
    [999_500, '1M'],
    [4_520_000, '4.5M'],
  ])('of %d is %s', (value, text) => expect(formatCount(value)).toBe(text));

  it('has commas between thousands, and a noun that agrees', () => {
    expect([0, 999, 1_000, 1_234_567].map(groupDigits)).toStrictEqual(['0', '999', '1,000', '1,234,567']);
    expect([0, 1, 2_000].map((count) => formatNumberOf(count, 'lock'))).toStrictEqual([
      '0 locks',
      '1 lock',
      '2,000 locks',
    ]);
  });
});

describe('a text of a client', () => {
  it('is shown as it is when all of it is seen', () => {
    for (const text of ['', 'orders/1', '<b>&amp;', 'ünï 漢字 🔒', '  two  spaces ']) {
      expect(visibleText(text)).toBe(text);
    }
  });

  it('has what is not seen, or turns others around, written out', () => {
    expect(visibleText('a\0b\n\u202ec\u200b\u2028\ufeff\u{e0001}')).toBe(
      'a\\u{0}b\\u{a}\\u{202e}c\\u{200b}\\u{2028}\\u{feff}\\u{e0001}',
    );
    expect(visibleText('\ud800')).toBe('\\u{d800}');
  });

  it('is cut where it is too long', () => {
    expect(visibleText('abcdef', 6)).toBe('abcdef');
    expect(visibleText('abcdefg', 6)).toBe('abcdef…');
  });
});
