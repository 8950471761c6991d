import { type DurationReading, readDurations } from '../../base/duration-counts.ts';
import {
  MetricBlock,
  MetricWord,
  metricBlockOf,
  metricWordsOf,
  SYNC_UNIT_MS,
} from '../../base/metric-words.ts';
import type { Method } from '../../contract/method.ts';
import { type Outcome, outcomeIndex } from '../../shard/outcome.ts';

type WordIndex = (typeof MetricWord)[keyof typeof MetricWord];

/** Reads the metric words of all shards. What it says is of this moment, of each shard on its own. */
export class ShardReadings {
  readonly shards: number;
  readonly #words: readonly Float64Array[];
  readonly #replies: readonly Float64Array[];
  readonly #waits: readonly Float64Array[];
  readonly #holds: readonly Float64Array[];
  readonly #syncs: readonly Float64Array[];

  constructor(memory: SharedArrayBuffer, shards: number) {
    this.shards = shards;
    this.#words = Array.from({ length: shards }, (_, shard) => metricWordsOf(memory, shard));
    const block = (place: (typeof MetricBlock)[keyof typeof MetricBlock]) =>
      this.#words.map((words) => metricBlockOf(words, place));
    this.#replies = block(MetricBlock.Replies);
    this.#waits = block(MetricBlock.Waits);
    this.#holds = block(MetricBlock.Holds);
    this.#syncs = block(MetricBlock.Syncs);
  }

  of(shard: number, word: WordIndex): number {
    return this.#words[shard]![word]!;
  }

  sum(word: WordIndex): number {
    let sum = 0;
    for (const words of this.#words) sum += words[word]!;
    return sum;
  }

  max(word: WordIndex): number {
    let max = 0;
    for (const words of this.#words) max = Math.max(max, words[word]!);
    return max;
  }

  /** How many calls of a method ended in this way. */
  replies(method: Method, outcome: Outcome): number {
    const index = outcomeIndex(method, outcome);
    let sum = 0;
    for (const counts of this.#replies) sum += counts[index]!;
    return sum;
  }

  /** How long granted calls waited: no time, if they found the lock free. */
  waits(): DurationReading {
    return readDurations(this.#waits, 1, this.sum(MetricWord.ImmediateGrants));
  }

  /** How long grants that ended were held. */
  holds(): DurationReading {
    return readDurations(this.#holds);
  }

  /** How long each fdatasync of the journals took. */
  syncs(): DurationReading {
    return readDurations(this.#syncs, SYNC_UNIT_MS);
  }
}
