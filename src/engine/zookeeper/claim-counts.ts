import type { Clock } from '../../base/clock.ts';
import { DurationCounts } from '../../base/duration-counts.ts';
import {
  createMetricMemory,
  MetricBlock,
  MetricWord,
  metricBlockOf,
  metricWordsOf,
} from '../../base/metric-words.ts';
import type { Method } from '../../contract/method.ts';
import { type Outcome, outcomeIndex } from '../../shard/outcome.ts';
import type { Claim } from './claim.ts';
import type { ClaimBook } from './claim-book.ts';

/** Why a lock is not held any more. */
export type ReleaseCause = 'unlock' | 'expiry' | 'session' | 'revocation';

const RELEASE_WORDS: Readonly<Record<ReleaseCause, number>> = {
  unlock: MetricWord.Unlocks,
  expiry: MetricWord.Expiries,
  session: MetricWord.SessionReleases,
  revocation: MetricWord.Revocations,
};

/** Counts in the words of the one shard that this engine seems to have: see src/base/metric-words.ts. */
export class ClaimCounts {
  readonly memory = createMetricMemory(1);
  readonly #words = metricWordsOf(this.memory, 0);
  readonly #replies = metricBlockOf(this.#words, MetricBlock.Replies);
  readonly #waits = new DurationCounts(metricBlockOf(this.#words, MetricBlock.Waits));
  readonly #holds = new DurationCounts(metricBlockOf(this.#words, MetricBlock.Holds));
  readonly #clock: Clock;
  readonly #book: ClaimBook;

  constructor(clock: Clock, book: ClaimBook) {
    this.#clock = clock;
    this.#book = book;
    this.#words[MetricWord.ReadyMs] = clock.nowMs();
    this.beat();
  }

  requested(): void {
    this.#words[MetricWord.Requests]!++;
  }

  replied(method: Method, outcome: Outcome): void {
    this.#replies[outcomeIndex(method, outcome)]!++;
  }

  waiting(): void {
    this.#words[MetricWord.Waiters]!++;
    this.#measure();
  }

  granted({ askedMs, grantedMs }: Claim): void {
    this.#words[MetricWord.Waiters]!--;
    this.#words[MetricWord.Holders]!++;
    this.#words[MetricWord.Grants]!++;
    // Which of them found the lock free, only ZooKeeper knows: each has waited for its answer.
    this.#waits.add(grantedMs - askedMs);
  }

  /** A lock is held that this server did not grant. */
  resumed(): void {
    this.#words[MetricWord.Holders]!++;
    this.#measure();
  }

  released({ grantedMs }: Claim, cause: ReleaseCause): void {
    this.#words[MetricWord.Holders]!--;
    this.#words[RELEASE_WORDS[cause]]!++;
    this.#holds.add(this.#clock.nowMs() - grantedMs);
    this.#measure();
  }

  refused(): void {
    this.#words[MetricWord.Waiters]!--;
    this.#measure();
  }

  timedOut(): void {
    this.#words[MetricWord.WaitTimeouts]!++;
    this.refused();
  }

  departed(): void {
    this.#words[MetricWord.Departures]!++;
    this.refused();
  }

  renewed(): void {
    this.#words[MetricWord.Renewals]!++;
  }

  repeated(): void {
    this.#words[MetricWord.Repeats]!++;
  }

  /** The engine's thread works. Called now and then. */
  beat(): void {
    this.#words[MetricWord.HeartbeatMs] = this.#clock.nowMs();
    this.#words[MetricWord.LongestQueue] = this.#book.longestQueue();
  }

  sumOf(word: number): number {
    return this.#words[word]!;
  }

  #measure(): void {
    this.#words[MetricWord.Locks] = this.#book.locks;
    this.#words[MetricWord.Sessions] = this.#book.sessions;
  }
}
