import { DURATION_WORDS } from './duration-counts.ts';

/**
 * The words in shared memory by which a shard tells how it is, one writer each, read at any time. 64-bit floats:
 * their stores do not tear, counts stay exact up to 2^53, and times have fractions.
 */
export const MetricWord = {
  /** Wall ms at the beginning of the shard's last turn. */
  HeartbeatMs: 0,
  /** Turns of the loop, and records worked off. */
  Turns: 1,
  Records: 2,
  /** Milliseconds spent asleep since the start. */
  SleptMs: 3,
  /** Gauges of the core, as of the end of the last turn. */
  Locks: 4,
  Holders: 5,
  Waiters: 6,
  Sessions: 7,
  /** Counters of the core, see `CoreCounters`. */
  Grants: 8,
  Unlocks: 9,
  Expiries: 10,
  SessionReleases: 11,
  /** How often the shard had to wait for room in its reply ring. */
  ReplyStalls: 12,
  /** Wall ms when the shard became ready. */
  ReadyMs: 13,
  /** The latest time in the shard's journal as it was found, in wall ms; 0 for none. */
  RecordedMs: 14,
  /** Bytes of the shard's journal, and how many of them are read, while it is being loaded. */
  JournalBytes: 15,
  LoadedBytes: 16,
  /** More counters of the core. */
  Revocations: 17,
  Renewals: 18,
  WaitTimeouts: 19,
  Departures: 20,
  Repeats: 21,
  Collections: 22,
  /** The most waiters that one lock has. */
  LongestQueue: 23,
  /** Requests taken out of the ring. */
  Requests: 24,
  /** The longest turn of the last half minute to minute. */
  LongestTurnMs: 25,
  /** Bytes of the shard's journal that are in use, and all that were written to its disk since the start. */
  JournalUsedBytes: 26,
  WrittenBytes: 27,
  /** Grants that found their lock free. */
  ImmediateGrants: 28,
} as const;

/** Words that hold many counts of a kind. Each block begins on a cache line of its own. */
export const MetricBlock = {
  /** Replies by method and outcome, see src/shard/outcome.ts. */
  Replies: { start: 32, length: 80 },
  /** How long claims waited and held, see `DurationCounts`. */
  Waits: { start: 112, length: DURATION_WORDS },
  Holds: { start: 144, length: DURATION_WORDS },
  /** How long each fdatasync of the journal took. The first bound is {@link SYNC_UNIT_MS}. */
  Syncs: { start: 176, length: DURATION_WORDS },
} as const;

/** A sixteenth of a millisecond: the fastest disks take two of them for an fdatasync. */
export const SYNC_UNIT_MS = 1 / 16;

/** Words per shard: a multiple of 128 bytes, so that no two shards write the same cache line, nor neighbouring ones. */
const METRIC_WORDS_PER_SHARD = 208;

/** Makes the shared memory for the words of `shards` shards. */
export function createMetricMemory(shards: number): SharedArrayBuffer {
  return new SharedArrayBuffer(shards * METRIC_WORDS_PER_SHARD * Float64Array.BYTES_PER_ELEMENT);
}

/** The words of one shard. */
export function metricWordsOf(memory: SharedArrayBuffer, shard: number): Float64Array {
  return new Float64Array(memory, shard * METRIC_WORDS_PER_SHARD * 8, METRIC_WORDS_PER_SHARD);
}

/** One block among the words of a shard. */
export function metricBlockOf(
  words: Float64Array,
  { start, length }: (typeof MetricBlock)[keyof typeof MetricBlock],
): Float64Array {
  return words.subarray(start, start + length);
}
