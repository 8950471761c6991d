import type { Refusal } from '../contract/refusal.ts';
import type { LockKey } from './lock-key.ts';
import type { Origin } from './origin.ts';

/** A fencing token: `high * 2^32 + low`, both unsigned 32 bits. Below 2^63. */
export class FencingToken {
  high = 0;
  low = 0;
}

/** How a Lock or TryLock call ends without a lock-level answer. */
export const CallEnd = {
  /** The caller's deadline passed: DEADLINE_EXCEEDED. */
  Deadline: 1,
  /** The server stops: UNAVAILABLE. */
  Stopping: 2,
  /**
   * A later call used the request id of this one: a repeat took its place in the queue, or an Unlock took it out of
   * the queue. ABORTED.
   */
  Superseded: 3,
  /** What is granted could not be recorded: UNAVAILABLE. */
  Suspended: 4,
  /** The ensemble in which the locks are kept cannot be reached: UNAVAILABLE. */
  Unreachable: 5,
  /** Another server has the same request still: UNAVAILABLE, to be asked again. */
  Elsewhere: 6,
  /** The ensemble has refused what had to be done; the log says why: INTERNAL. */
  Failed: 7,
  /** The server that has granted the lock does not answer: UNAVAILABLE. */
  Unconfirmed: 8,
  /** An earlier call has the same request still, as an attempt: UNAVAILABLE, to be asked again. */
  Pending: 9,
} as const;

export type CallEnd = (typeof CallEnd)[keyof typeof CallEnd];

/**
 * Where the outcomes of Lock and TryLock go, at once or later. Every call gets exactly one of the three, unless it
 * was cancelled or its session ended first: then none. The objects passed are reused; copy what is kept.
 */
export interface CoreSink {
  granted(origin: Origin, name: string, key: LockKey, token: FencingToken): void;
  /** `refusal` is null when TryLock finds the lock taken: that is an answer, not an error. */
  notLocked(origin: Origin, name: string, refusal: Refusal | null): void;
  ended(origin: Origin, end: CallEnd): void;
}
