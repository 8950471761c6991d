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
  /** Counters of the core. */
  Grants: 8,
  Expiries: 10,
  /** How often the shard had to wait for room in its reply ring. */
  ReplyStalls: 12,
  /** Wall ms when the shard became ready. */
  ReadyMs: 13,
  /** The latest time in the shard's journal as it was found, in wall ms; 0 for none. */
  RecordedMs: 14,
  /** Bytes of the shard's journal, and how many of them are read, while it is being loaded. */
  JournalBytes: 15,
  LoadedBytes: 16,
} as const;

/** Words per shard: 256 bytes, so that no two shards write the same cache line. */
const METRIC_WORDS_PER_SHARD = 32;

/** Makes the shared memory for the words of `shards` shards. */
export function createMetricMemory(shards: number): SharedArrayBuffer {
  return new SharedArrayBuffer(shards * METRIC_WORDS_PER_SHARD * Float64Array.BYTES_PER_ELEMENT);
}

/** The words of one shard. */
export function metricWordsOf(memory: SharedArrayBuffer, shard: number): Float64Array {
  return new Float64Array(memory, shard * METRIC_WORDS_PER_SHARD * 8, METRIC_WORDS_PER_SHARD);
}
