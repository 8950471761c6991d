import { type Refusal, Refusals } from '../../contract/refusal.ts';
import { tagOf, WireType } from './field.ts';
import { sizeOfVarint, writeVarint } from './varint.ts';

const codeTag = tagOf(1, WireType.Varint);
const messageTag = tagOf(2, WireType.Bytes);

/** Refusals live as long as the process, so each is encoded once. */
const encoded = new WeakMap<Refusal, Buffer>();
for (const refusal of Object.values(Refusals)) encoded.set(refusal, encodeError(refusal));

/** The `Error` message for a refusal, with its length in front: what follows the tag of an `error` field. */
export function errorBytes(refusal: Refusal): Buffer {
  let bytes = encoded.get(refusal);
  if (bytes === undefined) {
    bytes = encodeError(refusal);
    encoded.set(refusal, bytes);
  }
  return bytes;
}

function encodeError(refusal: Refusal): Buffer {
  const text = Buffer.from(refusal.message, 'utf8');
  // proto3 leaves out a value of 0 where presence is implicit.
  const codeBytes = refusal.code === 0 ? 0 : 1 + sizeOfVarint(refusal.code);
  const length = codeBytes + 1 + sizeOfVarint(text.length) + text.length;
  const bytes = Buffer.alloc(sizeOfVarint(length) + length);
  let position = writeVarint(bytes, 0, length);
  if (codeBytes > 0) {
    bytes[position++] = codeTag;
    position = writeVarint(bytes, position, refusal.code);
  }
  bytes[position++] = messageTag;
  position = writeVarint(bytes, position, text.length);
  text.copy(bytes, position);
  return bytes;
}
