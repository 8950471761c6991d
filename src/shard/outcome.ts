import { ErrorCode } from '../contract/error-code.ts';
import type { Refusal } from '../contract/refusal.ts';

/** How a request ended, for counting. Below 8 it is the `ErrorCode` of the refusal. */
export const Outcome = {
  ...ErrorCode,
  /** Granted, unlocked or renewed. */
  Ok: 8,
  /** TryLock found the lock taken: an answer, not an error. */
  Held: 9,
  /** The caller's deadline passed first. */
  Deadline: 10,
  /** The server stops, or cannot write its state file. */
  Unavailable: 11,
  /** The request id was used by a later call. */
  Superseded: 12,
  /** The message could not be decoded. */
  Malformed: 13,
} as const;

export type Outcome = (typeof Outcome)[keyof typeof Outcome];

/** Counts stand by method and outcome. Methods begin at 1: what answers no call, but an inspection, counts as method 0. */
const OUTCOMES_PER_METHOD = 16;

/** Where the count of an outcome stands among those of all methods. */
export function outcomeIndex(method: number, outcome: Outcome): number {
  return method * OUTCOMES_PER_METHOD + outcome;
}

/** The outcome of a call that was answered at the lock level: `ok` when nothing was refused. */
export function outcomeOf(refusal: Refusal | null, ok: Outcome): Outcome {
  return refusal === null ? ok : refusal.code;
}
