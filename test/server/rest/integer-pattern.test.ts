import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { IntegerRange, parseInteger } from '../../../src/protocol/rest/json-integer.ts';
import { integerPattern } from '../../../src/server/rest/integer-pattern.ts';
import { integerText } from './integer-texts.ts';

const types = [
  { type: 'int32', range: IntegerRange.Int32, minimum: -(2n ** 31n), maximum: 2n ** 31n - 1n },
  { type: 'uint32', range: IntegerRange.Uint32, minimum: 0n, maximum: 2n ** 32n - 1n },
  { type: 'int64', range: IntegerRange.Int64, minimum: -(2n ** 63n), maximum: 2n ** 63n - 1n },
] as const;

describe.each(types)('the pattern of $type', ({ range, minimum, maximum }) => {
  const pattern = new RegExp(integerPattern(minimum, maximum));
  const isRead = (text: string): boolean => parseInteger(text, range, { low: 0, high: 0 });
  const scientific = (number: bigint): string => {
    const [sign, digits] = number < 0n ? ['-', String(-number)] : ['', String(number)];
    return `${sign}${digits[0]}.${digits.slice(1)}e${digits.length - 1}`;
  };

  it('takes the limits in each form, and not what is beyond them', () => {
    for (const write of [String, (number: bigint) => `${number}.00`, scientific]) {
      expect(pattern.test(write(maximum)), write(maximum)).toBe(true);
      expect(pattern.test(write(maximum + 1n)), write(maximum + 1n)).toBe(false);
      if (minimum === 0n) continue;
      expect(pattern.test(write(minimum)), write(minimum)).toBe(true);
      expect(pattern.test(write(minimum - 1n)), write(minimum - 1n)).toBe(false);
    }
    expect(pattern.test('-1')).toBe(minimum < 0n);
    expect(pattern.test('-0.0e-7')).toBe(true);
  });

  it('takes what the decoder takes of each number in each form that it is for', () => {
    fc.assert(
      fc.property(integerText, (text) => {
        expect({ text, taken: pattern.test(text) }).toStrictEqual({ text, taken: isRead(text) });
      }),
      { numRuns: 20_000 },
    );
  });

  it('takes nothing that the decoder does not take, whatever is written', () => {
    const digits = fc.stringMatching(/^[0-9]{1,21}$/);
    const fraction = fc.oneof(fc.constant(''), fc.stringMatching(/^\.[0-9]{0,20}0*$/));
    const exponent = fc.oneof(fc.constant(''), fc.stringMatching(/^[eE][+-]?[0-9]{1,2}$/));
    fc.assert(
      fc.property(fc.constantFrom('', '-', '+'), digits, fraction, exponent, (...parts) => {
        const text = parts.join('');
        if (pattern.test(text)) expect({ text, read: isRead(text) }).toStrictEqual({ text, read: true });
      }),
      { numRuns: 20_000 },
    );
  });
});
