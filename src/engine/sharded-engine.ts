import { AnchoredClock, takeClockAnchor } from '../base/clock.ts';
import { Limits } from '../base/limits.ts';
import { MetricWord, metricWordsOf } from '../base/metric-words.ts';
import { hashName, shardOf } from '../base/name-hash.ts';
import type { Method } from '../contract/method.ts';
import type { CoreOptions } from '../core/lock-core.ts';
import type { ReplyForm } from '../core/reply-form.ts';
import { StateFileError, type StateFileErrorCode } from '../journal/state-error.ts';
import { findName } from '../protocol/protobuf/find-name.ts';
import { Span } from '../protocol/protobuf/span.ts';
import { BellListener } from '../ring/bell.ts';
import { ringFillBytes } from '../ring/ring-layout.ts';
import type { RingReader } from '../ring/ring-reader.ts';
import type { DebugAttributes } from '../shard/debug-lines.ts';
import type { ShardJournalOptions } from '../shard/open-journal.ts';
import { REPLY_GRANTED, ReplyField, ReplyKind } from '../shard/reply-record.ts';
import { RequestKind } from '../shard/request-record.ts';
import type { EngineEvents, InspectedEngine, RingGauges, ServerEngine } from './engine.ts';
import { ShardPool } from './shard-pool.ts';
import type { ShardPort } from './shard-port.ts';
import { ShardFailedError, ShardWatch } from './shard-watch.ts';
import { unlockRequestFor } from './undelivered-grant.ts';

export interface ShardedEngineOptions {
  readonly shards: number;
  readonly stallLimitMs: number;
  readonly core: Omit<CoreOptions, 'startMs'>;
  /** How long a shard looks for requests before it sleeps, in milliseconds. Default: 0, not at all. */
  readonly spinMs?: number;
  /** A shard has stopped making progress, or goes on after that. */
  readonly onHealth: (shard: number, healthy: boolean) => void;
  /** Tell a debug line for each request and what comes of it. Default: false. */
  readonly logRequests?: boolean;
  /** The journal of each shard. Default: nothing outlives the process. */
  readonly journals?: readonly ShardJournalOptions[] | undefined;
  /** The module that the threads run. Default: the one that is built with this package. */
  readonly workerUrl?: URL | undefined;
}

/** The engine of the server: shards in worker threads, each owning the locks whose names hash to it. */
export class ShardedEngine implements InspectedEngine, ServerEngine {
  readonly shards: number;
  readonly certainMs = null;
  readonly clock: AnchoredClock;
  readonly #events: EngineEvents;
  readonly #pool: ShardPool;
  readonly #ports: readonly ShardPort[];
  readonly #replies: readonly RingReader[];
  readonly #bell: BellListener;
  readonly #watch: ShardWatch;
  readonly #name = new Span();
  readonly #ready: Promise<void>;
  #readyShards = 0;
  #grantingShards: number;
  #resolveReady: () => void = () => {};
  #resolveStopped: () => void = () => {};
  readonly #isDurable: boolean;
  #pollScheduled = false;
  #over = false;
  #failureWhileClosing: Error | null = null;

  constructor(options: ShardedEngineOptions, events: EngineEvents) {
    this.shards = options.shards;
    this.#grantingShards = options.shards;
    this.#events = events;
    this.#isDurable = options.journals !== undefined;
    const anchor = takeClockAnchor();
    this.clock = new AnchoredClock(anchor);
    const core = { ...options.core, startMs: this.clock.nowMs() };
    this.#pool = new ShardPool(
      {
        shards: options.shards,
        clockAnchor: anchor,
        coreOptions: core,
        spinMs: options.spinMs ?? 0,
        logRequests: options.logRequests === true,
        journals: options.journals ?? null,
        workerUrl: options.workerUrl,
      },
      () => this.#poll(),
      (shard, reason) =>
        this.#fail(new ShardFailedError(shard, `died: ${describe(reason)}`, { cause: reason })),
    );
    this.#ports = this.#pool.ports;
    this.#replies = this.#pool.replies;
    this.#bell = new BellListener(this.#pool.bellMemory);
    this.#watch = new ShardWatch(this.#ports, this.#pool.metricMemory, this.clock, options.stallLimitMs, {
      health: options.onHealth,
      stalled: (error) => this.#fail(error),
    });
    this.#ready = new Promise((resolve) => {
      this.#resolveReady = resolve;
    });
    this.#poll();
  }

  /** The shards' metric words, see src/base/metric-words.ts. */
  get metricMemory(): SharedArrayBuffer {
    return this.#pool.metricMemory;
  }

  /** The sum over all shards of one of their words, an index from `MetricWord`. */
  sumOf(word: number): number {
    let sum = 0;
    for (let shard = 0; shard < this.shards; shard++) sum += metricWordsOf(this.metricMemory, shard)[word]!;
    return sum;
  }

  /** How the rings of a shard are right now. */
  rings(shard: number): RingGauges {
    const port = this.#ports[shard]!;
    return {
      requestBytes: port.fillBytes,
      replyBytes: ringFillBytes(this.#replies[shard]!.words),
      requestStalls: port.stalls,
    };
  }

  /** Resolves when all shards run. */
  ready(): Promise<void> {
    return this.#ready;
  }

  submit(
    method: Method,
    form: ReplyForm,
    route: number,
    call: number,
    session: number,
    deadlineMs: number,
    bytes: Buffer,
    start: number,
    end: number,
  ): number {
    const name = this.#name;
    // A message whose name cannot be found goes to shard 0, which says what is wrong with it.
    const shard = findName(bytes, start, end, name)
      ? shardOf(hashName(bytes, name.start, name.end), this.shards)
      : 0;
    const taken = this.#ports[shard]!.submit(
      method,
      form,
      route,
      call,
      session,
      deadlineMs,
      bytes,
      start,
      end,
    );
    return taken ? shard : -1 - shard;
  }

  cancel(shard: number, session: number, call: number): void {
    this.#ports[shard]!.tell(RequestKind.Cancel, session, call, null);
  }

  releaseUndelivered(shard: number, message: Buffer): void {
    this.#ports[shard]!.tell(RequestKind.Release, 0, 0, unlockRequestFor(message));
  }

  endSession(session: number, shardMask: number): void {
    for (let shard = 0; shard < this.shards; shard++) {
      // Shards from 32 on share bits: a session that one of them has not seen is unknown to it, which does no harm.
      if ((shardMask & (1 << (shard & 31))) !== 0)
        this.#ports[shard]!.tell(RequestKind.SessionEnd, session, 0, null);
    }
  }

  shardOfName(name: Buffer): number {
    return shardOf(hashName(name, 0, name.length), this.shards);
  }

  inspect(shard: number, inspection: number, body: Buffer): void {
    this.#ports[shard]!.tell(RequestKind.Inspect, 0, inspection, body);
  }

  flush(): void {
    for (const port of this.#ports) port.flush();
  }

  stopGranting(): Promise<void> {
    const stopped = new Promise<void>((resolve) => {
      this.#resolveStopped = resolve;
    });
    for (const port of this.#ports) port.tell(RequestKind.StopGranting, 0, 0, null);
    this.flush();
    return stopped;
  }

  async close(): Promise<void> {
    this.#watch.close();
    if (this.#over) return this.#pool.destroy();
    this.#over = true;
    for (const port of this.#ports) port.tell(RequestKind.Exit, 0, 0, null);
    this.flush();
    await this.#pool.close(EXIT_MS_MAX);
    // What a shard could not write in the end was told on the way here.
    if (this.#failureWhileClosing instanceof StateFileError) throw this.#failureWhileClosing;
  }

  /**
   * Empties all reply rings, then sleeps until the bell. Replies and room are looked for once more behind the
   * announcement, see {@link BellListener}. A ring that fills as fast as it is read is left after a while: sockets
   * are read in between.
   */
  #poll(): void {
    this.#pollScheduled = false;
    let records = 0;
    for (let shard = 0; shard < this.#ports.length; shard++) records += this.#drain(shard);
    this.#offerRoom();
    if (records > 0) this.#events.drained();
    this.flush();
    this.#bell.announceSleep();
    if (this.#isQuiet() || !this.#bell.stayAwake() || this.#pollScheduled) return;
    this.#pollScheduled = true;
    setImmediate(() => this.#poll());
  }

  #isQuiet(): boolean {
    for (let shard = 0; shard < this.#ports.length; shard++) {
      if (!this.#replies[shard]!.isEmpty() || this.#ports[shard]!.hasAwaitedRoom()) return false;
    }
    return true;
  }

  #drain(shard: number): number {
    const replies = this.#replies[shard]!;
    let records = 0;
    while (records < DRAIN_RECORDS_MAX) {
      const payload = replies.next();
      if (payload < 0) break;
      records++;
      if (replies.kind === ReplyKind.Reply) this.#reply(shard, payload, replies.length);
      else if (
        replies.kind === ReplyKind.DebugLine ||
        replies.kind === ReplyKind.Notice ||
        replies.kind === ReplyKind.Failed
      )
        this.#line(shard, payload, replies.length);
      else this.#signal(shard, replies.kind);
      if (replies.unreleasedBytes() > RELEASE_BYTES && replies.release()) replies.wakeWriter();
    }
    if (records > 0 && replies.release()) replies.wakeWriter();
    return records;
  }

  #reply(shard: number, payload: number, length: number): void {
    const { words, floats, bytes } = this.#replies[shard]!;
    const word = payload >> 2;
    const flags = words[word]!;
    const lengths = words[word + 3]!;
    const headersBytes = lengths & 0xffff;
    const trailersBytes = lengths >>> 16;
    this.#events.reply(
      shard,
      words[word + 1]!,
      words[word + 2]!,
      floats[(payload + ReplyField.Session) >> 3]!,
      ((flags >>> 8) & 0xff) as ReplyForm,
      (flags >>> 16) & 0xff,
      (flags & REPLY_GRANTED) !== 0,
      bytes,
      payload + ReplyField.Body,
      headersBytes,
      length - ReplyField.Body - headersBytes - trailersBytes,
      trailersBytes,
    );
  }

  #line(shard: number, payload: number, length: number): void {
    const { floats, bytes, kind } = this.#replies[shard]!;
    const json = bytes.toString('utf8', payload + ReplyField.Body, payload + length);
    // A shard has written it with `RingReplyTarget`.
    const [message, attributes] = JSON.parse(json) as [string, DebugAttributes];
    const session = floats[(payload + ReplyField.Session) >> 3]!;
    if (kind === ReplyKind.Notice) return this.#events.notice(shard, message, attributes, session);
    if (kind === ReplyKind.Failed)
      return this.#fail(new StateFileError(attributes['code'] as StateFileErrorCode, message));
    this.#events.debug(session, message, attributes);
  }

  #signal(shard: number, kind: number): void {
    if (kind === ReplyKind.Ready) {
      if (++this.#readyShards === this.shards) this.#begin();
    } else if (kind === ReplyKind.Suspended || kind === ReplyKind.Resumed) {
      this.#events.suspended(shard, kind === ReplyKind.Suspended);
    } else if (kind === ReplyKind.GrantingStopped && --this.#grantingShards === 0) this.#resolveStopped();
  }

  /** All shards are ready. Time never runs back, also not behind what was recorded before the system's clock was set. */
  #begin(): void {
    let recordedMs = 0;
    for (let shard = 0; shard < this.shards; shard++) {
      recordedMs = Math.max(recordedMs, metricWordsOf(this.metricMemory, shard)[MetricWord.RecordedMs]!);
    }
    const skipMs = Math.max(0, recordedMs - this.clock.nowMs());
    this.clock.skip(skipMs);
    if (this.#isDurable) for (const port of this.#ports) port.begin(skipMs);
    this.#resolveReady();
  }

  #offerRoom(): void {
    for (let shard = 0; shard < this.#ports.length; shard++) {
      if (this.#ports[shard]!.takeRoom()) this.#events.room(shard);
    }
  }

  #fail(error: Error): void {
    if (this.#over) {
      this.#failureWhileClosing ??= error;
      return;
    }
    this.#over = true;
    this.#watch.close();
    this.#events.failed(error);
  }
}

/** How much of a reply ring is read before its memory is given back. */
const RELEASE_BYTES = Limits.ringBytes >>> 2;
/** How many records of a shard are read before others have their turn. */
const DRAIN_RECORDS_MAX = 4096;
/** How long shards that were told to exit may take: what hangs is ended where it is. */
const EXIT_MS_MAX = 2_000;

function describe(reason: unknown): string {
  return reason instanceof Error ? reason.message : String(reason);
}
