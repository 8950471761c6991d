import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DurationSyntaxError, formatDuration, parseDurationMs } from '../../src/base/duration.ts';

const second = 1_000;
const minute = 60 * second;
const hour = 60 * minute;
const ns = 1e-6;

/** The table of Go's own test of ParseDuration. */
const readable: readonly (readonly [text: string, ms: number])[] = [
  ['0', 0],
  ['5s', 5 * second],
  ['30s', 30 * second],
  ['1478s', 1478 * second],
  ['-5s', -5 * second],
  ['+5s', 5 * second],
  ['-0', 0],
  ['+0', 0],
  ['5.0s', 5 * second],
  ['5.6s', 5_600],
  ['5.s', 5 * second],
  ['.5s', 500],
  ['1.0s', second],
  ['1.00s', second],
  ['1.004s', 1_004],
  ['1.0040s', 1_004],
  ['100.00100s', 100_001],
  ['10ns', 0.00001],
  ['11us', 0.011],
  ['12\u00b5s', 0.012],
  ['12\u03bcs', 0.012],
  ['13ms', 13],
  ['14s', 14 * second],
  ['15m', 15 * minute],
  ['16h', 16 * hour],
  ['3h30m', 3 * hour + 30 * minute],
  ['10.5s4m', 4 * minute + 10_500],
  ['-2m3.4s', -(2 * minute + 3_400)],
  ['1h2m3s4ms5us6ns', hour + 2 * minute + 3 * second + 4.005006],
  ['39h9m14.425s', 39 * hour + 9 * minute + 14_425],
  ['52763797000ns', 52_763.797],
  ['0.3333333333333333333h', 20 * minute],
  ['9007199254740993ns', 9_007_199_254.740993],
  ['9223372036854775807ns', (2 ** 63 - 1) * ns],
  ['9223372036854775.807us', (2 ** 63 - 1) * ns],
  ['9223372036s854ms775us807ns', (2 ** 63 - 1) * ns],
  ['-9223372036854775808ns', -(2 ** 63) * ns],
  ['-9223372036854775.808us', -(2 ** 63) * ns],
  ['-9223372036s854ms775us808ns', -(2 ** 63) * ns],
  ['0.100000000000000000000h', 6 * minute],
  ['0.830103483285477580700h', 49 * minute + 48_372.539827],
];

/** Go's table of texts that ParseDuration refuses, with what it says. */
const unreadable: readonly (readonly [text: string, message: string])[] = [
  ['', 'time: invalid duration ""'],
  ['3', 'time: missing unit in duration "3"'],
  ['-', 'time: invalid duration "-"'],
  ['s', 'time: invalid duration "s"'],
  ['.', 'time: invalid duration "."'],
  ['-.', 'time: invalid duration "-."'],
  ['.s', 'time: invalid duration ".s"'],
  ['+.s', 'time: invalid duration "+.s"'],
  ['1d', 'time: unknown unit "d" in duration "1d"'],
  ['1s-2s', 'time: unknown unit "s-" in duration "1s-2s"'],
  ['1h 30m', 'time: unknown unit "h " in duration "1h 30m"'],
  ['1h30', 'time: missing unit in duration "1h30"'],
  ['00', 'time: missing unit in duration "00"'],
  ['\u0085\u0085', 'time: invalid duration "\\xc2\\x85\\xc2\\x85"'],
  ['hello \uffff world', 'time: invalid duration "hello \\xef\\xbf\\xbf world"'],
  ['\0x', 'time: invalid duration "\\x00x"'],
  ['"\\', 'time: invalid duration "\\"\\\\"'],
  ['9223372036854775810ns', 'time: invalid duration "9223372036854775810ns"'],
  ['9223372036854775808ns', 'time: invalid duration "9223372036854775808ns"'],
  ['-9223372036854775809ns', 'time: invalid duration "-9223372036854775809ns"'],
  ['9223372036854776us', 'time: invalid duration "9223372036854776us"'],
  ['3000000h', 'time: invalid duration "3000000h"'],
  ['9223372036854775.808us', 'time: invalid duration "9223372036854775.808us"'],
  ['9223372036854ms775us808ns', 'time: invalid duration "9223372036854ms775us808ns"'],
  ['99999999999999999999', 'time: invalid duration "99999999999999999999"'],
];

describe('parseDurationMs', () => {
  it.each(readable)('reads %j', (text, ms) => {
    expect(parseDurationMs(text)).toBe(ms);
  });

  it.each(unreadable)('refuses %j', (text, message) => {
    expect(() => parseDurationMs(text)).toThrow(new DurationSyntaxError(message.replace(/^time: /, '')));
  });
});

describe('formatDuration', () => {
  /** The table of Go's own test of Duration.String. */
  it.each([
    ['0s', 0],
    ['1ns', ns],
    ['1.1\u00b5s', 0.0011],
    ['2.2ms', 2.2],
    ['3.3s', 3_300],
    ['4m5s', 4 * minute + 5 * second],
    ['4m5.001s', 4 * minute + 5_001],
    ['5h6m7.001s', 5 * hour + 6 * minute + 7_001],
    ['8m0.000000001s', 8 * minute + ns],
    ['-1.5s', -1_500],
    ['30m0s', 30 * minute],
    ['87600h0m0s', 87_600 * hour],
  ])('writes %s', (text, ms) => {
    expect(formatDuration(ms)).toBe(text);
  });

  it('writes what parseDurationMs reads as the same nanoseconds', () => {
    const nanoseconds = fc.integer({ min: -(2 ** 50), max: 2 ** 50 });
    fc.assert(
      fc.property(nanoseconds, (value) => {
        expect(Math.round(parseDurationMs(formatDuration(value / 1e6)) * 1e6)).toBe(value === 0 ? 0 : value);
      }),
    );
  });
});
