/** Durations up to a bound count into its bucket; each bound is twice the one before. The last bucket takes all the rest. */
const BOUNDS = 25;

/** How many words {@link DurationCounts} needs: the sum, and a count for each bucket. */
export const DURATION_WORDS = 1 + BOUNDS + 1;

/**
 * Counts durations by their length, in words that other threads may read meanwhile: a store of a 64-bit float does not
 * tear, and the reader adds the buckets up, so that its total is the sum of what it has read.
 *
 * Adding is a few nanoseconds: the bucket of a duration is the number of bits of its length in units.
 */
export class DurationCounts {
  readonly #words: Float64Array;
  readonly #perMs: number;

  /**
   * @param words {@link DURATION_WORDS} of them, all 0, with no other writer
   * @param unitMs the first bound. The last one is 2^24 times as long: 4.7 hours for a millisecond.
   */
  constructor(words: Float64Array = new Float64Array(DURATION_WORDS), unitMs = 1) {
    this.#words = words;
    this.#perMs = 1 / unitMs;
  }

  /** Counts a duration. One below 0 counts as 0. */
  add(ms: number): void {
    const words = this.#words;
    if (!(ms > 0)) {
      words[1]!++;
      return;
    }
    words[0]! += ms;
    const units = ms * this.#perMs;
    if (units <= 1) words[1]!++;
    else words[units > MAX_UNITS ? 1 + BOUNDS : 33 - Math.clz32(Math.ceil(units) - 1)]!++;
  }
}

const MAX_UNITS = 2 ** (BOUNDS - 1);

/** What was counted so far. */
export interface DurationReading {
  readonly sumMs: number;
  readonly count: number;
  /** For each bound how many durations were no longer, shortest bound first. */
  readonly upTo: readonly { readonly boundMs: number; readonly count: number }[];
}

/**
 * Reads the counts of several writers as if they were one.
 *
 * @param zeros durations of no time at all, which were counted elsewhere
 */
export function readDurations(writers: readonly Float64Array[], unitMs = 1, zeros = 0): DurationReading {
  let sumMs = 0;
  let count = zeros;
  for (const words of writers) sumMs += words[0]!;
  const upTo = Array.from({ length: BOUNDS }, (_, bound) => {
    for (const words of writers) count += words[1 + bound]!;
    return { boundMs: unitMs * 2 ** bound, count };
  });
  for (const words of writers) count += words[1 + BOUNDS]!;
  return { sumMs, count, upTo };
}
