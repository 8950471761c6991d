import type { LockKey } from '../../core/lock-key.ts';

/** The length of a key as clients see it: a UUID, 8-4-4-4-12 hexadecimal digits in lower case. */
export const lockKeyTextBytes = 36;

const hyphen = 0x2d;
const digits = Buffer.from('0123456789abcdef', 'latin1');

/** The value of each byte as a hexadecimal digit in lower case, or -1. */
const digitValues = new Int8Array(256).fill(-1);
for (let value = 0; value < 16; value++) digitValues[digits[value]!] = value;

/**
 * Reads the text of a key into `key`, whose words become signed 32-bit integers.
 * Returns false, with `key` undefined in content, when the bytes are not a key in the one form that we write.
 */
export function parseLockKey(bytes: Uint8Array, start: number, end: number, key: LockKey): boolean {
  if (end - start !== lockKeyTextBytes) return false;
  if (bytes[start + 8] !== hyphen || bytes[start + 13] !== hyphen) return false;
  if (bytes[start + 18] !== hyphen || bytes[start + 23] !== hyphen) return false;
  const a0 = parseFourDigits(bytes, start);
  const a1 = parseFourDigits(bytes, start + 4);
  const b0 = parseFourDigits(bytes, start + 9);
  const b1 = parseFourDigits(bytes, start + 14);
  const c0 = parseFourDigits(bytes, start + 19);
  const c1 = parseFourDigits(bytes, start + 24);
  const d0 = parseFourDigits(bytes, start + 28);
  const d1 = parseFourDigits(bytes, start + 32);
  if ((a0 | a1 | b0 | b1 | c0 | c1 | d0 | d1) < 0) return false;
  key.a = (a0 << 16) | a1;
  key.b = (b0 << 16) | b1;
  key.c = (c0 << 16) | c1;
  key.d = (d0 << 16) | d1;
  return true;
}

/** Sixteen bits, or a negative number when one of the bytes is no digit. */
function parseFourDigits(bytes: Uint8Array, position: number): number {
  return (
    (digitValues[bytes[position]!]! << 12) |
    (digitValues[bytes[position + 1]!]! << 8) |
    (digitValues[bytes[position + 2]!]! << 4) |
    digitValues[bytes[position + 3]!]!
  );
}

/** Writes the text of a key, {@link lockKeyTextBytes} bytes of ASCII. Returns the position after it. */
export function writeLockKey(out: Uint8Array, position: number, key: LockKey): number {
  writeFourDigits(out, position, key.a >>> 16);
  writeFourDigits(out, position + 4, key.a);
  out[position + 8] = hyphen;
  writeFourDigits(out, position + 9, key.b >>> 16);
  out[position + 13] = hyphen;
  writeFourDigits(out, position + 14, key.b);
  out[position + 18] = hyphen;
  writeFourDigits(out, position + 19, key.c >>> 16);
  out[position + 23] = hyphen;
  writeFourDigits(out, position + 24, key.c);
  writeFourDigits(out, position + 28, key.d >>> 16);
  writeFourDigits(out, position + 32, key.d);
  return position + lockKeyTextBytes;
}

function writeFourDigits(out: Uint8Array, position: number, value: number): void {
  out[position] = digits[(value >>> 12) & 15]!;
  out[position + 1] = digits[(value >>> 8) & 15]!;
  out[position + 2] = digits[(value >>> 4) & 15]!;
  out[position + 3] = digits[value & 15]!;
}
