import type { Method } from '../contract/method.ts';
import type { RingWriter } from '../ring/ring-writer.ts';

/** The kinds of records that travel from the main thread to a shard. */
export const RequestKind = {
  /** A call of a lock method. */
  Request: 1,
  /** The caller of an earlier request is gone: if it waits, it leaves the queue. */
  Cancel: 2,
  /** A session has ended; all of its requests stand before this record. */
  SessionEnd: 3,
  /** A grant could not be delivered; the body is an UnlockRequest that nobody waits for. */
  Release: 4,
  /** Refuse new Lock and TryLock calls and end the waiting ones. */
  StopGranting: 5,
  /** Leave the loop once everything before is done. */
  Exit: 6,
  /** All shards are ready: time goes on. The deadline field says by how many milliseconds the clock jumps forward first. */
  Begin: 7,
  /** Look at what the shard holds, see `InspectRequest`. The call field has the number of the inspection. */
  Inspect: 8,
} as const;

export type RequestKind = (typeof RequestKind)[keyof typeof RequestKind];

/**
 * The layout of a request record's payload. All kinds have the fixed part, with 0 in what one has no use for.
 *
 *   0  method (8 bits), reply form (8 bits)   4  route       8  call       12  unused
 *  16  session (float64)                     24  deadline in wall ms (float64)
 *  32  the protobuf message
 */
export const RequestField = { Method: 0, Route: 4, Call: 8, Session: 16, Deadline: 24, Body: 32 } as const;

/** The fixed part of a record for whoever writes one; a long argument list keeps objects out of the hot path. */
export function writeRequestHead(
  ring: RingWriter,
  payload: number,
  method: Method | 0,
  form: number,
  route: number,
  call: number,
  session: number,
  deadlineMs: number,
): void {
  const word = payload >> 2;
  ring.words[word] = method | (form << 8);
  ring.words[word + 1] = route;
  ring.words[word + 2] = call;
  ring.floats[(payload + RequestField.Session) >> 3] = session;
  ring.floats[(payload + RequestField.Deadline) >> 3] = deadlineMs;
}
