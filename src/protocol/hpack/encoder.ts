import { huffmanEncode, huffmanEncodedBytes } from './huffman-encode.ts';
import { findStaticField, findStaticName } from './static-table.ts';

/*
 * The encoder has no state: it never uses the dynamic table, so that blocks can be made in any thread and in any
 * order, and be sent again and again. Names must be in lower case; names and values are byte strings.
 */

/** The bytes that an integer below 2^28 can take. */
const integerBytesMax = 5;

/** An upper bound of what `encodeHeader` writes. */
export function headerBytesMax(name: string, value: string): number {
  return 3 * integerBytesMax + name.length + value.length;
}

/**
 * Writes one field: as an index of the static table if it is there, otherwise as a literal without indexing and
 * without Huffman coding. `out` must have room for `headerBytesMax`. Returns the position after it.
 */
export function encodeHeader(out: Uint8Array, position: number, name: string, value: string): number {
  return encodeField(out, position, name, value, encodePlainString);
}

/** Encodes a whole block, with Huffman coding where that is shorter: for blocks made once and sent often. */
export function encodeHeaderBlock(fields: readonly (readonly [name: string, value: string])[]): Uint8Array {
  let bytesMax = 0;
  for (const [name, value] of fields) bytesMax += headerBytesMax(name, value);
  const out = new Uint8Array(bytesMax);
  let position = 0;
  for (const [name, value] of fields) {
    position = encodeField(out, position, name, value, encodeShorterString);
  }
  return out.slice(0, position);
}

/** RFC 7541 sections 6.1 and 6.2.2. */
function encodeField(
  out: Uint8Array,
  position: number,
  name: string,
  value: string,
  encodeString: typeof encodePlainString,
): number {
  const nameIndex = findStaticName(name);
  const index = findStaticField(nameIndex, value);
  if (index !== 0) return encodeInteger(out, position, 0x80, 0x7f, index);
  position = encodeInteger(out, position, 0, 0x0f, nameIndex);
  if (nameIndex === 0) position = encodeString(out, position, name);
  return encodeString(out, position, value);
}

/** RFC 7541 section 5.1. `flags` are the bits above the prefix. */
function encodeInteger(
  out: Uint8Array,
  position: number,
  flags: number,
  prefixMask: number,
  value: number,
): number {
  if (value < prefixMask) {
    out[position++] = flags | value;
    return position;
  }
  out[position++] = flags | prefixMask;
  value -= prefixMask;
  while (value >= 0x80) {
    out[position++] = 0x80 | (value & 0x7f);
    value >>>= 7;
  }
  out[position++] = value;
  return position;
}

function encodePlainString(out: Uint8Array, position: number, value: string): number {
  position = encodeInteger(out, position, 0, 0x7f, value.length);
  for (let i = 0; i < value.length; i++) out[position++] = value.charCodeAt(i);
  return position;
}

function encodeShorterString(out: Uint8Array, position: number, value: string): number {
  const huffmanBytes = huffmanEncodedBytes(value);
  if (huffmanBytes >= value.length) return encodePlainString(out, position, value);
  position = encodeInteger(out, position, 0x80, 0x7f, huffmanBytes);
  return huffmanEncode(out, position, value);
}
