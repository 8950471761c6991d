import { Limits } from '../../base/limits.ts';
import { Method } from '../../contract/method.ts';
import { DecodeError } from './decode-error.ts';
import { Field, readField, WireType } from './field.ts';
import { RequestTag } from './request-tags.ts';
import { sizeOfVarint, writeVarint } from './varint.ts';

/** A field, and how much is kept of it: one byte beyond its limit, so that it is refused all the same. 0 for numbers. */
type Cut = readonly [tag: number, bytesMax: number];

const nameCut: Cut = [RequestTag.Name, Limits.nameBytesMax + 1];
const keyCut: Cut = [RequestTag.Key, Limits.keyBytesMax + 1];
const requestIdCut: Cut = [RequestTag.RequestId, Limits.requestIdBytesMax + 1];
const lockTimeouts: readonly Cut[] = [
  [RequestTag.LockTimeoutSeconds, 0],
  [RequestTag.LockTimeoutMs, 0],
];

const tryLockFields: readonly Cut[] = [
  nameCut,
  [RequestTag.Size, 0],
  ...lockTimeouts,
  [RequestTag.Permits, 0],
  [RequestTag.Mode, 0],
  requestIdCut,
  [RequestTag.Holder, Limits.holderBytesMax + 1],
];

/** The fields that each method's request has, with the number of bytes that are kept of each. */
const knownFields: Record<Method, ReadonlyMap<number, number>> = {
  [Method.Lock]: new Map([
    ...tryLockFields,
    [RequestTag.WaitTimeoutSeconds, 0],
    [RequestTag.WaitTimeoutMs, 0],
  ]),
  [Method.TryLock]: new Map(tryLockFields),
  [Method.Unlock]: new Map([nameCut, keyCut, requestIdCut]),
  [Method.Renew]: new Map([nameCut, keyCut, ...lockTimeouts]),
};

/**
 * Rewrites a request that is too long for a record to what its decoder would look at: of each known field the last
 * occurrence, cut one byte beyond its limit. What was refused for its length still is, and the result always fits a
 * record. Returns a new buffer, or Malformed. UTF-8 is left to the decoder.
 */
export function stripUnknownFields(
  bytes: Uint8Array,
  start: number,
  end: number,
  method: Method,
): Buffer | DecodeError {
  const known = knownFields[method];
  const last = new Map<number, Uint8Array>();
  const field = new Field();
  let position = start;
  while (position < end) {
    const fieldStart = position;
    position = readField(bytes, position, end, field);
    if (position < 0) return DecodeError.Malformed;
    const bytesMax = known.get(field.tag);
    if (bytesMax === undefined) continue;
    last.set(field.tag, cutField(bytes.subarray(fieldStart, position), bytes, field, bytesMax));
  }
  return Buffer.concat([...last.values()]);
}

/** The field as it stands, unless its value has more than `bytesMax` bytes: then a new one with those. */
function cutField(whole: Uint8Array, bytes: Uint8Array, field: Field, bytesMax: number): Uint8Array {
  if ((field.tag & 7) !== WireType.Bytes || field.end - field.start <= bytesMax) return whole;
  const headBytes = sizeOfVarint(field.tag) + sizeOfVarint(bytesMax);
  const cut = new Uint8Array(headBytes + bytesMax);
  const position = writeVarint(cut, 0, field.tag);
  writeVarint(cut, position, bytesMax);
  cut.set(bytes.subarray(field.start, field.start + bytesMax), headBytes);
  return cut;
}
