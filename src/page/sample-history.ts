import type { DurationHistogram, ServerSample, ShardSample } from '../contract/dashboard.ts';
import { percentiles } from './percentile.ts';

/** A moment of the charts: what happened between two samples. Rates are per second. NaN where there is nothing to say. */
export interface Moment {
  readonly timeMs: number;
  readonly requests: number;
  readonly grants: number;
  readonly releases: number;
  readonly expiries: number;
  readonly holders: number;
  readonly waiters: number;
  /** The 50th, 90th and 99th percentiles in ms. */
  readonly waited: Percentiles;
  readonly held: Percentiles;
  /** Requests per second of each shard. */
  readonly shardRequests: readonly number[];
}

type Percentiles = readonly [number, number, number];

const RANKS = [0.5, 0.9, 0.99] as const;

/** Latencies are those of so many seconds: of one alone there would be too few to tell a percentile. */
const LATENCY_SAMPLES = 10;

/** The last samples, and the moments between them. */
export class SampleHistory {
  readonly moments: Moment[] = [];
  readonly #momentsMax: number;
  #samples: ServerSample[] = [];

  constructor(momentsMax: number) {
    this.#momentsMax = momentsMax;
  }

  get latest(): ServerSample | undefined {
    return this.#samples.at(-1);
  }

  /** The server is another one, or was not seen for a while: what comes is not compared with what was. */
  interrupt(): void {
    this.#samples = [];
  }

  /** Takes what happened while the page did not see it; what it has seen it knows already. */
  fill(samples: readonly ServerSample[]): void {
    const seenMs = this.latest?.timeMs ?? Number.NEGATIVE_INFINITY;
    for (const sample of samples) if (sample.timeMs > seenMs) this.add(sample);
  }

  add(sample: ServerSample): void {
    const previous = this.latest;
    if (previous !== undefined && isFollowedBy(previous, sample)) {
      const oldest = this.#samples[0]!;
      this.moments.push(momentBetween(previous, sample, oldest));
      if (this.moments.length > this.#momentsMax) this.moments.shift();
    } else {
      this.#samples = [];
    }
    this.#samples.push(sample);
    if (this.#samples.length > LATENCY_SAMPLES) this.#samples.shift();
  }
}

/** False when the server was started anew in between: its counters have fallen then. */
function isFollowedBy(previous: ServerSample, sample: ServerSample): boolean {
  return (
    sample.timeMs > previous.timeMs &&
    sample.shards.length === previous.shards.length &&
    total(sample, 'requests') >= total(previous, 'requests')
  );
}

function momentBetween(previous: ServerSample, sample: ServerSample, oldest: ServerSample): Moment {
  const seconds = (sample.timeMs - previous.timeMs) / 1_000;
  const rate = (field: keyof ShardSample) =>
    Math.max(0, total(sample, field) - total(previous, field)) / seconds;
  return {
    timeMs: sample.timeMs,
    requests: rate('requests'),
    grants: rate('grants'),
    releases: rate('releases'),
    expiries: rate('expiries'),
    holders: total(sample, 'holders'),
    waiters: total(sample, 'waiters'),
    waited: latencyBetween(oldest.waited, sample.waited),
    held: latencyBetween(oldest.held, sample.held),
    shardRequests: sample.shards.map(
      ({ requests }, shard) => Math.max(0, requests - previous.shards[shard]!.requests) / seconds,
    ),
  };
}

function latencyBetween(earlier: DurationHistogram, later: DurationHistogram): Percentiles {
  const counts = later.counts.map((count, bucket) => count - (earlier.counts[bucket] ?? 0));
  return percentiles(later.boundsMs, counts, RANKS) as unknown as Percentiles;
}

/** The sum over all shards. */
export function total(sample: ServerSample, field: keyof ShardSample): number {
  return sample.shards.reduce((sum, shard) => sum + shard[field], 0);
}
