import { readVarint, type Words } from './varint.ts';

/** How a field's value is laid out. Source: https://protobuf.dev/programming-guides/encoding/#structure */
export const WireType = { Varint: 0, Fixed64: 1, Bytes: 2, StartGroup: 3, EndGroup: 4, Fixed32: 5 } as const;

export type WireType = (typeof WireType)[keyof typeof WireType];

/** Groups in groups beyond this depth are malformed; the same bound as protobuf's own for nested messages. */
export const groupDepthMax = 100;

/** One field of a message, as {@link readField} found it. Reused for every field. */
export class Field implements Words {
  /** Field number * 8 + wire type, as a signed word. */
  tag = 0;
  /** The value, when the wire type is Varint. */
  low = 0;
  high = 0;
  /** The stretch of the value, when the wire type is Bytes. */
  start = 0;
  end = 0;
}

/** The tag of a field, as it stands in {@link Field.tag}. */
export function tagOf(fieldNumber: number, wireType: WireType): number {
  return fieldNumber * 8 + wireType;
}

/**
 * Reads the field at `position`, which is below `end`. Values that no message of ours has (fixed, groups) are skipped.
 * Returns the position after the field, or -1 when it is malformed.
 */
export function readField(bytes: Uint8Array, position: number, end: number, field: Field): number {
  let tag = bytes[position]!;
  if (tag < 0x80) {
    position++;
  } else {
    position = readVarint(bytes, position, end, field);
    // A field number has at most 29 bits, so a tag has at most 32.
    if (position < 0 || field.high !== 0) return -1;
    tag = field.low;
  }
  field.tag = tag;
  return readValue(bytes, position, end, field, 0);
}

function readValue(bytes: Uint8Array, position: number, end: number, field: Field, depth: number): number {
  const tag = field.tag;
  if (tag >>> 3 === 0) return -1;
  switch (tag & 7) {
    case WireType.Varint:
      return readVarint(bytes, position, end, field);
    case WireType.Bytes:
      return readLength(bytes, position, end, field);
    case WireType.Fixed64:
      return position + 8 <= end ? position + 8 : -1;
    case WireType.Fixed32:
      return position + 4 <= end ? position + 4 : -1;
    case WireType.StartGroup:
      return skipGroup(bytes, position, end, tag, depth + 1);
    default:
      return -1;
  }
}

function readLength(bytes: Uint8Array, position: number, end: number, field: Field): number {
  position = readVarint(bytes, position, end, field);
  if (position < 0 || field.high !== 0) return -1;
  const length = field.low >>> 0;
  if (length > end - position) return -1;
  field.start = position;
  field.end = position + length;
  return field.end;
}

/** What a group holds is of no interest, so all groups are read into this one field. */
const skipped = new Field();

function skipGroup(
  bytes: Uint8Array,
  position: number,
  end: number,
  startTag: number,
  depth: number,
): number {
  if (depth > groupDepthMax) return -1;
  while (position < end) {
    position = readVarint(bytes, position, end, skipped);
    if (position < 0 || skipped.high !== 0) return -1;
    skipped.tag = skipped.low;
    // An end tag follows its start tag: the wire types are 3 and 4.
    if (skipped.tag === startTag + 1) return position;
    position = readValue(bytes, position, end, skipped, depth);
    if (position < 0) return -1;
  }
  return -1;
}
