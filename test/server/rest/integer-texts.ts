import fc from 'fast-check';

const limits = [2n ** 31n, 2n ** 32n, 2n ** 63n, 10n ** 9n, 10n ** 18n].flatMap((limit) => [limit, -limit]);

const number = fc.oneof(
  fc.bigInt({ min: -30n, max: 30n }),
  fc.bigInt({ min: -(2n ** 33n), max: 2n ** 33n }),
  fc.bigInt({ min: -(2n ** 64n), max: 2n ** 64n }),
  fc.tuple(fc.constantFrom(...limits), fc.bigInt({ min: -20n, max: 20n })).map(([limit, off]) => limit + off),
  // Round ones, of which an exponent saves digits.
  fc
    .tuple(fc.bigInt({ min: -9_999n, max: 9_999n }), fc.integer({ min: 0, max: 19 }))
    .map(([digits, zeros]) => digits * 10n ** BigInt(zeros)),
);

/** The number with its point behind so many digits, and the exponent that makes up for that. */
function scientific(value: bigint, digits: number, shorten: boolean, form: (exponent: number) => string) {
  const [sign, text] = value < 0n ? ['-', String(-value)] : ['', String(value)];
  const whole = text.slice(0, digits);
  const fraction = shorten ? text.slice(digits).replace(/0+$/, '') : text.slice(digits);
  return `${sign}${whole}${fraction === '' ? '' : `.${fraction}`}${form(text.length - whole.length)}`;
}

/** Whole numbers in and around the types of protobuf, in each of the forms that the OpenAPI document has for them. */
export const integerText: fc.Arbitrary<string> = fc.oneof(
  number.map(String),
  fc
    .tuple(number, fc.stringMatching(/^(\.0{1,30})?([eE][+-]?0{1,3})?$/))
    .map(([value, tail]) => `${value}${String(value).length < 10 ? tail : tail.replace(/[eE].*/, '')}`),
  fc
    .tuple(number, fc.boolean(), fc.constantFrom('e', 'E', 'e+', 'E+00'))
    .map(([value, shorten, sign]) => scientific(value, 1, shorten, (exponent) => `${sign}${exponent}`)),
  // More digits before the point, far enough from all limits.
  fc
    .tuple(fc.bigInt({ min: -(10n ** 9n) + 1n, max: 10n ** 9n - 1n }), fc.integer({ min: 2, max: 9 }))
    .map(([value, digits]) => scientific(value, digits, true, (exponent) => `e${exponent}`)),
  fc.stringMatching(/^-?0(\.0{1,5})?([eE][+-]?[0-9]{1,5})?$/),
  fc
    .tuple(number, fc.constantFrom('.', '.5', 'e', 'e1.0', ' ', '.0e', 'x'))
    .map(([value, tail]) => `${value}${tail}`),
);
