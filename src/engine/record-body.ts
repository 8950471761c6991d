import type { Method } from '../contract/method.ts';
import { stripUnknownFields } from '../protocol/protobuf/strip-unknown-fields.ts';

/** A tag of the reserved wire type 7. */
const MALFORMED = Buffer.of(0x0f);

/**
 * Makes a request that is longer than `Limits.recordBodyBytesMax` fit a record, for the shard to give the same answer.
 * What cannot be read is replaced by something short that cannot be read either.
 */
export function fitRecordBody(bytes: Buffer, start: number, end: number, method: Method): Buffer {
  const stripped = stripUnknownFields(bytes, start, end, method);
  return typeof stripped === 'number' ? MALFORMED : stripped;
}
