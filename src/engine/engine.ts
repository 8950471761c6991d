import type { Clock } from '../base/clock.ts';
import type { Method } from '../contract/method.ts';
import type { ReplyForm } from '../core/reply-form.ts';
import type { DebugAttributes, DebugLines } from '../shard/debug-lines.ts';

/**
 * Where an engine's replies and signs of life go. All calls come on the main thread. The debug lines come only from
 * engines that were told to log requests.
 */
export interface EngineEvents extends DebugLines {
  /**
   * A reply: three groups of bytes lie one behind the other at `offset` in `bytes`, valid only during the call.
   * In the protobuf form all of it is the message. `status` is a gRPC status; `granted` says that it hands over a
   * lock, which has to be given back by `releaseUndelivered` if it cannot be delivered.
   */
  reply(
    shard: number,
    route: number,
    call: number,
    session: number,
    form: ReplyForm,
    status: number,
    granted: boolean,
    bytes: Buffer,
    offset: number,
    headersBytes: number,
    dataBytes: number,
    trailersBytes: number,
  ): void;
  /** All replies of a batch were handed over: time to write the sockets. */
  drained(): void;
  /** A shard that had no room for a request has room again. */
  room(shard: number): void;
  /** A shard has something to say that the operator should know; `session` is 0 when it is about none. */
  notice(shard: number, message: string, attributes: DebugAttributes, session: number): void;
  /** A shard's journal has no room, so that nothing of it changes, or has room again. */
  suspended(shard: number, suspended: boolean): void;
  /** The engine can no longer serve: a shard died or stalled. Whatever is in flight will get no reply. */
  failed(error: Error): void;
}

/** What decides about locks. Bytes of protobuf messages go in, encoded replies come out by way of `EngineEvents`. */
export interface Engine {
  readonly shards: number;
  /**
   * For how long from now on nobody else can have what is held here, whatever becomes of this server, in whole milliseconds from 1
   * on; null: for as long as a lock's own timeout says.
   */
  readonly certainMs: number | null;
  /**
   * Hands over a request. Returns the shard that has it, or `-1 - shard` when that shard has no room: then nothing
   * was taken, and `EngineEvents.room` will name the shard. Takes effect with the next `flush`.
   */
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
  ): number;
  /**
   * The caller of an earlier request is gone: if it waits for a lock, it leaves the queue without a reply; if it was
   * granted already, the grant goes back, unless a repeat of the request was told of it too.
   */
  cancel(shard: number, session: number, call: number): void;
  /** A granted lock could not be delivered: `message` is the LockResponse. */
  releaseUndelivered(shard: number, message: Buffer): void;
  /** A session has ended. `shardMask` has a bit for every shard that it sent a request to. */
  endSession(session: number, shardMask: number): void;
  /** The shard that owns the locks of this name, given as UTF-8. */
  shardOfName(name: Buffer): number;
  /** Makes everything since the last flush visible to the shards. To be called once per batch of events. */
  flush(): void;
  /** Refuses Lock and TryLock from now on and ends all waiters; resolves when all of them have their replies. */
  stopGranting(): Promise<void>;
  /** Ends the threads. Nothing may be submitted any more. Rejects when what was decided could not be kept. */
  close(): Promise<void>;
}

/** An engine whose shards can be looked into. */
export interface InspectedEngine extends Engine {
  /**
   * Asks a shard for a look at what it holds: `body` is an encoded `InspectRequest`. What it answers comes by way of
   * `EngineEvents.reply` with the form `Inspection` and the number of the inspection as its call.
   */
  inspect(shard: number, inspection: number, body: Buffer): void;
}

/** How the two rings of a shard are; all 0 where there are none. */
export interface RingGauges {
  /** Bytes that wait in them, of `Limits.ringBytes` each. */
  readonly requestBytes: number;
  readonly replyBytes: number;
  /** How often requests had to wait for room. */
  readonly requestStalls: number;
}

/** An engine as a server runs it. */
export interface ServerEngine extends Engine {
  /** Wall time, by which all deadlines are. */
  readonly clock: Clock;
  /** The shards' metric words, see src/base/metric-words.ts. */
  readonly metricMemory: SharedArrayBuffer;
  /** The sum over all shards of one of their words, an index from `MetricWord`. */
  sumOf(word: number): number;
  rings(shard: number): RingGauges;
  /** Resolves when requests are taken. */
  ready(): Promise<void>;
}
