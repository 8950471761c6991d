import type { Clock } from '../base/clock.ts';
import { Limits } from '../base/limits.ts';
import { createMetricMemory, metricWordsOf } from '../base/metric-words.ts';
import type { Method } from '../contract/method.ts';
import type { CoreOptions } from '../core/lock-core.ts';
import type { ReplyForm } from '../core/reply-form.ts';
import { createRingMemory } from '../ring/ring-layout.ts';
import { RingReader } from '../ring/ring-reader.ts';
import { RingWriter } from '../ring/ring-writer.ts';
import { createShard, type ShardPlan } from '../shard/create-shard.ts';
import type { KeySource } from '../shard/key-source.ts';
import type { RequestProcessor } from '../shard/request-processor.ts';
import { RequestKind } from '../shard/request-record.ts';
import type { ShardLoop } from '../shard/shard-loop.ts';
import { CallbackReplies } from './callback-replies.ts';
import type { EngineEvents, InspectedEngine } from './engine.ts';
import { ShardPort } from './shard-port.ts';
import { unlockRequestFor } from './undelivered-grant.ts';

export interface InlineEngineOptions {
  /** Read once per step; it may stand still in between. */
  readonly clock: Clock;
  readonly keys: KeySource;
  readonly core: Omit<CoreOptions, 'startMs'>;
  /** Tell a debug line for each request and what comes of it. Default: false. */
  readonly logRequests?: boolean;
  /** The size of the ring that requests wait in: a power of two, four times the longest request. Default: `Limits.ringBytes`. */
  readonly ringBytes?: number;
  /** Where the locks are kept beyond the engine's life. Its clock must not be behind what the file has recorded. */
  readonly journal?: ShardPlan['journal'] & object;
}

/**
 * One shard on the caller's thread, for simulation, tests and embedding: the same port, ring, loop and core as in
 * a worker, but nothing happens by itself. Requests wait in the ring until `step` is called, and all events come
 * during `step`; with a clock and keys that are given, the same calls have the same outcomes.
 */
export class InlineEngine implements InspectedEngine {
  readonly shards = 1;
  readonly certainMs = null;
  readonly #events: EngineEvents;
  readonly #port: ShardPort;
  readonly #loop: ShardLoop;
  readonly #processor: RequestProcessor;
  readonly #replies: CallbackReplies;
  readonly #metrics: Float64Array;
  #resolveStopped: (() => void) | null = null;

  constructor(options: InlineEngineOptions, events: EngineEvents) {
    const { clock, keys, ringBytes = Limits.ringBytes } = options;
    const requestMemory = createRingMemory(ringBytes);
    this.#events = events;
    this.#port = new ShardPort(new RingWriter(requestMemory));
    this.#replies = new CallbackReplies(events);
    this.#metrics = metricWordsOf(createMetricMemory(1), 0);
    const shard = createShard({
      requests: new RingReader(requestMemory),
      spinner: null,
      replies: this.#replies,
      bell: SILENT_BELL,
      clock: { nowMs: () => clock.nowMs(), skip: refuseSkip },
      metrics: this.#metrics,
      coreOptions: { ...options.core, startMs: clock.nowMs() },
      keys,
      lines: options.logRequests === true ? events : null,
      journal: options.journal ?? null,
    });
    this.#processor = shard.processor;
    this.#loop = shard.loop;
    if (options.journal !== undefined) this.#port.begin(0);
  }

  /** The shard's metric words, see src/base/metric-words.ts. */
  get metrics(): Readonly<Float64Array> {
    return this.#metrics;
  }

  /** Works off a batch of what was flushed and whatever is due. Returns false when nothing is left to do at this time. */
  step(): boolean {
    const worked = this.#loop.turn();
    if (this.#port.takeRoom()) this.#events.room(0);
    if (this.#replies.grantingStopped) this.#resolveStopped?.();
    return worked;
  }

  /** When `step` is wanted next though nothing is flushed: wall milliseconds, Infinity for never. */
  nextWakeMs(): number {
    return this.#processor.core.nextWakeMs();
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
    return this.#port.submit(method, form, route, call, session, deadlineMs, bytes, start, end) ? 0 : -1;
  }

  cancel(_shard: number, session: number, call: number): void {
    this.#port.tell(RequestKind.Cancel, session, call, null);
  }

  releaseUndelivered(_shard: number, message: Buffer): void {
    this.#port.tell(RequestKind.Release, 0, 0, unlockRequestFor(message));
  }

  endSession(session: number, shardMask: number): void {
    if (shardMask !== 0) this.#port.tell(RequestKind.SessionEnd, session, 0, null);
  }

  shardOfName(): number {
    return 0;
  }

  inspect(_shard: number, inspection: number, body: Buffer): void {
    this.#port.tell(RequestKind.Inspect, 0, inspection, body);
  }

  flush(): void {
    this.#port.flush();
  }

  /** Resolves during a later `step`. */
  stopGranting(): Promise<void> {
    this.#port.tell(RequestKind.StopGranting, 0, 0, null);
    this.flush();
    return new Promise((resolve) => {
      this.#resolveStopped = resolve;
    });
  }

  /** There is nothing to end. */
  async close(): Promise<void> {}
}

function refuseSkip(byMs: number): void {
  if (byMs !== 0) throw new RangeError('the clock of an inline engine belongs to its caller');
}

/** Whoever would be woken is the one who calls. */
const SILENT_BELL = { ring: (): void => {} };
