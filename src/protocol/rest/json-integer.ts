import type { Words } from '../protobuf/varint.ts';

/** The whole numbers that a field takes. */
export const IntegerRange = { Int32: 1, Uint32: 2, Int64: 3 } as const;

export type IntegerRange = (typeof IntegerRange)[keyof typeof IntegerRange];

const parts = /^(-?)(0|[1-9][0-9]*)(?:\.([0-9]+))?(?:[eE]([+-]?[0-9]+))?$/;

/** So many digits fit a number exactly; those of 2^63 are 19. */
const exactDigits = 15;
const digitsMax = 19;

/**
 * Reads a number in JSON's notation that stands for a whole one, however that is written (`10`, `10.0`, `1e1`), as a
 * signed or unsigned integer of 64 bits. False when it is no number, has a fraction, or is out of range.
 */
export function parseInteger(text: string, range: IntegerRange, words: Words): boolean {
  const found = parts.exec(text);
  if (found === null) return false;
  const [, sign = '', whole = '', fraction = '', exponent = '0'] = found;
  const written = whole + fraction;
  const first = countZeros(written, 0, 1);
  if (first === written.length) return setWords(words, 0, 0);
  const trailing = countZeros(written, written.length - 1, -1);
  const zeros = Number(exponent) - fraction.length + trailing;
  const significant = written.length - first - trailing;
  if (zeros < 0 || significant + zeros > digitsMax) return false;
  const digits = `${sign}${written.slice(first, first + significant)}${'0'.repeat(zeros)}`;
  return significant + zeros <= exactDigits
    ? setNumber(Number(digits), range, words)
    : range === IntegerRange.Int64 && setBigint(BigInt(digits), words);
}

/** How many zeros there are from `start` on, forwards or backwards. A pattern would look at each of them again and again. */
function countZeros(digits: string, start: number, step: 1 | -1): number {
  let count = 0;
  while (digits[start + count * step] === '0') count++;
  return count;
}

function setNumber(value: number, range: IntegerRange, words: Words): boolean {
  if (range === IntegerRange.Int32 && value !== (value | 0)) return false;
  if (range === IntegerRange.Uint32 && value !== value >>> 0) return false;
  return setWords(words, value | 0, Math.floor(value / 2 ** 32));
}

function setBigint(value: bigint, words: Words): boolean {
  if (BigInt.asIntN(64, value) !== value) return false;
  return setWords(words, Number(BigInt.asIntN(32, value)), Number(value >> 32n));
}

function setWords(words: Words, low: number, high: number): true {
  words.low = low;
  words.high = high;
  return true;
}
