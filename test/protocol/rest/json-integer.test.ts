import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { IntegerRange, parseInteger } from '../../../src/protocol/rest/json-integer.ts';

const words = { low: 0, high: 0 };

function parse(text: string, range: IntegerRange): bigint | null {
  if (!parseInteger(text, range, words)) return null;
  return BigInt.asIntN(64, (BigInt(words.high) << 32n) | BigInt(words.low >>> 0));
}

const limits: readonly [range: IntegerRange, min: bigint, max: bigint][] = [
  [IntegerRange.Int32, -(2n ** 31n), 2n ** 31n - 1n],
  [IntegerRange.Uint32, 0n, 2n ** 32n - 1n],
  [IntegerRange.Int64, -(2n ** 63n), 2n ** 63n - 1n],
];

describe('reading whole numbers', () => {
  it.each(limits)('keeps to range %i', (range, min, max) => {
    for (const value of [min, max, 0n, 1n, max / 2n]) expect(parse(String(value), range)).toBe(value);
    for (const value of [min - 1n, max + 1n, max * 10n, -(2n ** 80n)])
      expect(parse(String(value), range)).toBeNull();
  });

  it('reads any number in any notation', () => {
    fc.assert(
      fc.property(
        fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
        fc.nat({ max: 24 }),
        fc.nat({ max: 3 }),
        (value, shift, zeros) => {
          const [, sign, digits] = /^(-?)(.*)$/.exec(String(value))!;
          const padded = digits!.padStart(shift + 1, '0');
          const whole = padded.slice(0, padded.length - shift).replace(/^0+(?=.)/, '');
          const fraction = padded.slice(padded.length - shift) + '0'.repeat(zeros);
          const text = `${sign}${whole}${fraction === '' ? '' : `.${fraction}`}e${shift}`;
          expect(parse(text, IntegerRange.Int64)).toBe(value);
        },
      ),
      { numRuns: 500 },
    );
  });

  it.each([
    ['2.0', 2n],
    ['1e1', 10n],
    ['1E+1', 10n],
    ['10e-1', 1n],
    ['1.5e1', 15n],
    ['-0', 0n],
    ['0e999999999', 0n],
    ['0.000', 0n],
  ])('reads %s', (text, value) => {
    expect(parse(text, IntegerRange.Int32)).toBe(value);
  });

  it.each([
    '1.5',
    '1e-1',
    '',
    '-',
    '+1',
    '01',
    '.5',
    '1.',
    '1e',
    ' 1',
    '1 ',
    '0x1',
    'NaN',
    '1e999999999999',
    '1e19',
  ])('refuses %j', (text) => {
    expect(parse(text, IntegerRange.Int64)).toBeNull();
  });

  it('takes no time to speak of for long ones', () => {
    const beganMs = performance.now();
    const zeros = '0'.repeat(500_000);
    expect(parse(`1${zeros}1`, IntegerRange.Int64)).toBeNull();
    expect(parse(`1.${zeros}1`, IntegerRange.Int64)).toBeNull();
    expect(parse(`1.${zeros}`, IntegerRange.Int64)).toBe(1n);
    expect(performance.now() - beganMs).toBeLessThan(500);
  });
});
