import type { RequestHead } from './request-head.ts';
import type { Stream } from './stream.ts';

/**
 * The layer above a connection: what a request means. A handler answers through the connection's send methods,
 * within these calls or later.
 */
export interface StreamHandler<Plan, Call> {
  /** What a client that speaks HTTP/1 gets, headers included. */
  readonly http1Answer: Uint8Array;
  /** A request's head has arrived and is well-formed. `end`: there is no body. What is kept of it goes into `stream.plan`. */
  opened(stream: Stream<Plan, Call>, head: RequestHead<Plan>, end: boolean): void;
  /** `bytes[start, end)` of the body; valid only during the call. `last`: the body ends here. The range may be empty. */
  received(stream: Stream<Plan, Call>, bytes: Buffer, start: number, end: number, last: boolean): void;
  /** The stream is gone before its reply was handed out in full: reset by the peer or for an error of the peer. */
  cancelled(stream: Stream<Plan, Call>): void;
  /** The peer gave a request up (CANCEL) whose reply had gone out in full, but had not arrived yet. */
  cancelledLate(streamId: number): void;
  /** A reply that had to wait for window has gone out in full. */
  sent(stream: Stream<Plan, Call>): void;
}
