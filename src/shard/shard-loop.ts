import type { Clock } from '../base/clock.ts';
import { MetricWord } from '../base/metric-words.ts';
import type { Method } from '../contract/method.ts';
import type { RingReader } from '../ring/ring-reader.ts';
import type { ShardInspector } from './inspection/shard-inspector.ts';
import { LongestTurn } from './longest-turn.ts';
import { ReplyKind } from './reply-record.ts';
import type { ShardReplies } from './reply-target.ts';
import type { RequestProcessor } from './request-processor.ts';
import { RequestField, RequestKind } from './request-record.ts';
import type { ShardJournal } from './shard-journal.ts';
import type { Spinner } from './spinner.ts';

/** Records worked off before replies are published and the clock is read anew. */
const BATCH_RECORDS = 256;
/** Request memory is given back at the latest when so much of it was read, so that the main thread can go on. */
const RELEASE_BYTES = 128 * 1024;
/** A shard without work wakes at least this often and stamps its heartbeat. */
const SLEEP_MS_MAX = 1_000;

interface ShardClock extends Clock {
  skip(byMs: number): void;
}

/** What a recovery left to be done when all shards are ready. */
export interface Begun {
  begin(nowMs: number): void;
}

export interface ShardParts {
  readonly requests: RingReader;
  /** What looks for requests before the shard sleeps; null: it sleeps at once. */
  readonly spinner: Pick<Spinner, 'worked' | 'spin'> | null;
  readonly replies: ShardReplies;
  readonly processor: RequestProcessor;
  readonly inspector: ShardInspector;
  /** Wakes the main thread if it sleeps. */
  readonly bell: { ring(): void };
  readonly clock: ShardClock;
  /** What makes changes durable; null when nothing is to outlive the process. */
  readonly journal: ShardJournal | null;
  /** Makes what was recovered begin, see {@link RequestKind.Begin}. Null when nothing was: then the shard begins at once. */
  readonly recovered: Begun | null;
  readonly metrics: Float64Array;
}

/**
 * What a worker thread runs: drain, decide, publish, sleep until the next deadline. It never returns to the event
 * loop of its thread, so everything that it is told and everything that it tells goes through the rings.
 */
export class ShardLoop {
  readonly #parts: ShardParts;
  readonly #longestTurn = new LongestTurn();
  #exiting = false;
  #stopping = false;
  #suspended = false;
  /** Before it begins no time passes for the core: what was recovered may be overdue, and has a grace coming. */
  #begun: boolean;
  #nowMs = 0;

  constructor(parts: ShardParts) {
    this.#parts = parts;
    this.#begun = parts.recovered === null;
  }

  /** Returns after an `Exit` record. */
  run(): void {
    this.#parts.metrics[MetricWord.ReadyMs] = this.#parts.clock.nowMs();
    // What was recovered counts from the beginning.
    this.#countCore();
    this.#parts.replies.signal(ReplyKind.Ready);
    this.#parts.replies.publish();
    while (!this.#exiting) {
      const worked = this.turn();
      if (!worked && !this.#exiting) this.#sleep();
    }
    this.#parts.journal?.close(this.#nowMs);
    this.#parts.replies.signal(ReplyKind.Exited);
    this.#parts.replies.publish();
  }

  /** One turn. Returns whether there was anything to do. */
  turn(): boolean {
    const { requests, replies, processor, metrics, clock, journal, inspector, spinner } = this.#parts;
    // Only what was there before the clock was read: a lease must not be counted from before its request was sent, because
    // its holder counts from then.
    requests.look();
    this.#nowMs = clock.nowMs();
    metrics[MetricWord.HeartbeatMs] = this.#nowMs;
    metrics[MetricWord.LongestTurnMs] = this.#longestTurn.begin(this.#nowMs);
    metrics[MetricWord.Turns]!++;
    inspector.watches.begin(this.#nowMs);
    if (journal !== null) journal.begin(this.#nowMs);
    if (this.#begun) processor.core.advance(this.#nowMs);
    inspector.begin();
    const records = this.#drain();
    if (this.#stopping && processor.core.counters.waiters === 0) {
      this.#stopping = false;
      replies.signal(ReplyKind.GrantingStopped);
    }
    metrics[MetricWord.Records]! += records;
    if (spinner !== null) spinner.worked(records);
    this.#countCore();
    // With a journal this writes it first, see StagedReplies.
    replies.publish();
    if (journal !== null) this.#afterCommit(journal);
    if (inspector.watches.count !== 0) inspector.watches.flush();
    if (this.#parts.requests.release()) this.#parts.bell.ring();
    return records > 0 || this.#nextWakeMs() <= this.#nowMs;
  }

  #afterCommit(journal: ShardJournal): void {
    if (this.#begun) journal.work();
    if (journal.isSuspended === this.#suspended) return;
    this.#suspended = journal.isSuspended;
    const { replies } = this.#parts;
    replies.signal(this.#suspended ? ReplyKind.Suspended : ReplyKind.Resumed);
    replies.publish();
  }

  #nextWakeMs(): number {
    if (!this.#begun) return Number.POSITIVE_INFINITY;
    const { processor, journal, inspector } = this.#parts;
    const wakeMs = Math.min(processor.core.nextWakeMs(), inspector.nextWakeMs());
    return journal === null ? wakeMs : Math.min(wakeMs, journal.nextWakeMs());
  }

  #drain(): number {
    const { requests, bell } = this.#parts;
    let records = 0;
    while (records < BATCH_RECORDS) {
      const payload = requests.nextSeen();
      if (payload < 0) break;
      records++;
      this.#take(requests.kind, payload, requests.length);
      if (requests.unreleasedBytes() > RELEASE_BYTES && requests.release()) bell.ring();
    }
    return records;
  }

  #take(kind: number, payload: number, length: number): void {
    const { requests, processor, metrics } = this.#parts;
    const { bytes, words, floats } = requests;
    const session = floats[(payload + RequestField.Session) >> 3]!;
    const call = words[(payload + RequestField.Call) >> 2]!;
    const body = payload + RequestField.Body;
    const end = payload + length;
    switch (kind) {
      case RequestKind.Request: {
        metrics[MetricWord.Requests]!++;
        const methodAndForm = words[payload >> 2]!;
        const { origin } = processor;
        origin.session = session;
        origin.route = words[(payload + RequestField.Route) >> 2]!;
        origin.call = call;
        origin.form = methodAndForm >>> 8;
        const deadlineMs = floats[(payload + RequestField.Deadline) >> 3]!;
        processor.process((methodAndForm & 0xff) as Method, deadlineMs, bytes, body, end, this.#nowMs);
        return;
      }
      case RequestKind.Cancel:
        return processor.core.cancel(session, call, this.#nowMs);
      case RequestKind.SessionEnd:
        return processor.core.endSession(session, this.#nowMs);
      case RequestKind.Release:
        return processor.release(bytes, body, end, this.#nowMs);
      case RequestKind.Inspect:
        return this.#parts.inspector.take(call, bytes, body, end, this.#nowMs);
      case RequestKind.StopGranting:
        this.#stopping = true;
        return processor.core.stop(this.#nowMs);
      case RequestKind.Begin:
        return this.#begin(floats[(payload + RequestField.Deadline) >> 3]!);
      case RequestKind.Exit:
        this.#exiting = true;
        return;
    }
  }

  #begin(skipMs: number): void {
    const { clock, journal, recovered } = this.#parts;
    clock.skip(skipMs);
    this.#nowMs = clock.nowMs();
    journal?.begin(this.#nowMs);
    recovered?.begin(this.#nowMs);
    this.#begun = true;
  }

  #sleep(): void {
    const { requests, spinner, clock, metrics } = this.#parts;
    const fromMs = clock.nowMs();
    this.#longestTurn.end(fromMs);
    const waitMs = Math.min(this.#nextWakeMs() - fromMs, SLEEP_MS_MAX);
    if (waitMs <= 0) return;
    if (spinner === null || !spinner.spin(waitMs)) requests.sleep(waitMs);
    metrics[MetricWord.SleptMs]! += clock.nowMs() - fromMs;
  }

  #countCore(): void {
    const { metrics, processor, replies, journal } = this.#parts;
    const { counters } = processor.core;
    metrics[MetricWord.Locks] = counters.locks;
    metrics[MetricWord.Holders] = counters.holders;
    metrics[MetricWord.Waiters] = counters.waiters;
    metrics[MetricWord.Sessions] = counters.sessions;
    metrics[MetricWord.Grants] = counters.grants;
    metrics[MetricWord.ImmediateGrants] = counters.immediateGrants;
    metrics[MetricWord.Unlocks] = counters.unlocks;
    metrics[MetricWord.Expiries] = counters.expiries;
    metrics[MetricWord.SessionReleases] = counters.sessionReleases;
    metrics[MetricWord.Revocations] = counters.revocations;
    metrics[MetricWord.Renewals] = counters.renewals;
    metrics[MetricWord.WaitTimeouts] = counters.waitTimeouts;
    metrics[MetricWord.Departures] = counters.departures;
    metrics[MetricWord.Repeats] = counters.repeats;
    metrics[MetricWord.Collections] = counters.collections;
    metrics[MetricWord.LongestQueue] = processor.core.longestQueue;
    metrics[MetricWord.ReplyStalls] = replies.stalls;
    if (journal !== null) metrics[MetricWord.JournalUsedBytes] = journal.bytes;
  }
}
