/**
 * The base-128 varint of protobuf's wire format, as two 32-bit words: a bigint for every number would cost more than
 * all the rest of a message. Source: https://protobuf.dev/programming-guides/encoding/#varints
 */
export interface Words {
  /** The low and the high 32 bits, both signed, so that they stay small integers in V8. */
  low: number;
  high: number;
}

/**
 * Reads a varint of up to 64 bits into `words`.
 * Returns the position after it, or -1 when it is cut short or has more than 64 bits.
 */
export function readVarint(bytes: Uint8Array, position: number, end: number, words: Words): number {
  // Nearly all varints have one byte. This part is small enough to be inlined where it is called.
  if (position < end) {
    const byte = bytes[position]!;
    if (byte < 0x80) {
      words.low = byte;
      words.high = 0;
      return position + 1;
    }
  }
  return readLongVarint(bytes, position, end, words);
}

function readLongVarint(bytes: Uint8Array, position: number, end: number, words: Words): number {
  let low = 0;
  for (let shift = 0; shift < 28; shift += 7) {
    if (position >= end) return -1;
    const byte = bytes[position++]!;
    low |= (byte & 0x7f) << shift;
    if (byte < 0x80) {
      words.low = low;
      words.high = 0;
      return position;
    }
  }
  if (position >= end) return -1;
  // The fifth byte lies across both words.
  let byte = bytes[position++]!;
  low |= byte << 28;
  let high = (byte & 0x7f) >>> 4;
  for (let shift = 3; byte >= 0x80; shift += 7) {
    if (position >= end) return -1;
    byte = bytes[position++]!;
    // The tenth byte has room for one bit, and so none for the sign that an eleventh follows.
    if (shift === 31 && byte > 1) return -1;
    high |= (byte & 0x7f) << shift;
  }
  words.low = low;
  words.high = high;
  return position;
}

/** How many bytes {@link writeVarint} writes. `value` is an integer from 0 to 2^32 - 1. */
export function sizeOfVarint(value: number): number {
  if (value < 0x80) return 1;
  if (value < 0x4000) return 2;
  if (value < 0x20_0000) return 3;
  return value < 0x1000_0000 ? 4 : 5;
}

/** Writes `value`, an integer from 0 to 2^32 - 1. Returns the position after it. */
export function writeVarint(out: Uint8Array, position: number, value: number): number {
  while (value >= 0x80) {
    out[position++] = (value & 0x7f) | 0x80;
    value >>>= 7;
  }
  out[position++] = value;
  return position;
}

/** How many bytes {@link writeVarint64} writes. */
export function sizeOfVarint64(high: number, low: number): number {
  if (high === 0) return sizeOfVarint(low >>> 0);
  // The five low bytes hold 35 bits: the low word and three bits of the high one.
  const above = high >>> 3;
  return above === 0 ? 5 : 5 + sizeOfVarint(above);
}

/** Writes `high * 2^32 + low`; both words may be signed or unsigned. Returns the position after it. */
export function writeVarint64(out: Uint8Array, position: number, high: number, low: number): number {
  if (high === 0) return writeVarint(out, position, low >>> 0);
  for (let shift = 0; shift < 28; shift += 7) out[position++] = ((low >>> shift) & 0x7f) | 0x80;
  const middle = (low >>> 28) | ((high & 7) << 4);
  const above = high >>> 3;
  if (above === 0) {
    out[position++] = middle;
    return position;
  }
  out[position++] = middle | 0x80;
  return writeVarint(out, position, above);
}
