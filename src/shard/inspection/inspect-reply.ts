/**
 * What a shard answers to an inspection is JSON, in one record or, where names are long, in several. Each begins with a
 * byte of these flags. Rows are arrays, because the names of their fields would be most of the text.
 */
export const InspectFlag = {
  /** The text goes on in the next record of the same inspection. */
  More: 1,
} as const;

/** A piece of the text fits a record with room to spare. */
export const INSPECT_PIECE_BYTES = 64 * 1024;

/** A holder or waiter. A waiter has an empty key, no lock timeout and no token. */
export type ClaimRow = readonly [
  row: number,
  generation: number,
  session: number,
  holder: string,
  mode: number,
  permits: number,
  sinceMs: number,
  deadlineMs: number | null,
  key: string,
  lockTimeoutMs: number,
  fencingToken: string,
];

/** A lock. Holders are listed oldest first, waiters next one first. */
export type LockRow = readonly [
  name: string,
  size: number,
  holderCount: number,
  waiterCount: number,
  holders: readonly ClaimRow[],
  waiters: readonly ClaimRow[],
];

/** The answer to List: what stood in the rows that were looked at, and the row to go on with, 0 behind the last. */
export type ListAnswer = readonly [nextRow: number, locks: readonly LockRow[]];

/** The answer to Get. */
export type GetAnswer = LockRow | null;

/** Why nothing was unlocked, as an index into `unlockRefusals`; -1 when something was, or was over by itself. */
export type UnlockAnswer = readonly [
  refusal: number,
  released: readonly ClaimRow[],
  releasedCount: number,
  /** Those who hold the lock, when it was not clear who was meant, and how many they are. */
  holders: readonly ClaimRow[],
  holderCount: number,
  /** Whether there are more to release; and with which tokens, row and generation the next slice is asked for. */
  more: boolean,
  tokenHigh: number,
  tokenLow: number,
  row: number,
  generation: number,
];

/** The kinds of steps of a watch. */
export const StepKind = { SnapshotBegin: 0, Lock: 1, SnapshotEnd: 2, Event: 3, Missed: 4 } as const;

/** The types of events, in the order of their numbers in records. */
export const eventTypes = ['waiting', 'granted', 'renewed', 'released', 'expired', 'left'] as const;

export type EventRow = readonly [
  kind: typeof StepKind.Event,
  sequence: number,
  timeMs: number,
  type: number,
  name: string,
  size: number,
  holderCount: number,
  waiterCount: number,
  claim: ClaimRow,
];

export type StepRow =
  | readonly [kind: typeof StepKind.SnapshotBegin | typeof StepKind.SnapshotEnd, sequence: number]
  | readonly [kind: typeof StepKind.Lock, sequence: number, lock: LockRow]
  | readonly [kind: typeof StepKind.Missed, sequence: number, count: number]
  | EventRow;
