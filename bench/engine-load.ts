import { setTimeout as sleep } from 'node:timers/promises';
import { MetricWord, metricWordsOf } from '../src/base/metric-words.ts';
import { Method } from '../src/contract/method.ts';
import { ReplyForm } from '../src/core/reply-form.ts';
import { ShardedEngine } from '../src/engine/sharded-engine.ts';
import { CallSlot } from './load/call-slot.ts';
import { LatencyHistogram } from './load/latency-histogram.ts';
import { LockName } from './load/lock-name.ts';
import { readReply } from './load/read-reply.ts';

const KEY_TAG = 0x12;
const MESSAGE_BYTES_MAX = 256;
/** For how long shards are given to wake. */
const WAKE_MS = 5;

export interface EngineLoadResult {
  /** Calls per second. */
  readonly rate: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** The share of the time that the shards slept, their mean. */
  readonly sleptShare: number;
}

/** Closed-loop clients of an engine in this process, each with one call in flight, without sockets. */
export class EngineLoad {
  readonly #engine: ShardedEngine;
  readonly #message = Buffer.alloc(MESSAGE_BYTES_MAX);
  readonly #latencies = new LatencyHistogram();
  #clients: CallSlot[] = [];
  #names: readonly LockName[] = [];
  #session = 0;
  #nextName = 0;
  #running = 0;
  #stopping = false;
  #resolveEnded: () => void = () => {};

  private constructor(shards: number) {
    const core = { keepOnSessionEnd: false, gcIntervalMs: 1_800_000, gcMinIdleMs: 300_000, tokenSeed: 1 };
    this.#engine = new ShardedEngine(
      { shards, stallLimitMs: 60_000, core, onHealth: () => {} },
      {
        reply: (
          _shard,
          route,
          _call,
          _session,
          _form,
          status,
          _granted,
          bytes,
          offset,
          _headers,
          dataBytes,
        ) => this.#answered(route, status, bytes, offset, dataBytes),
        drained: () => {},
        room: () => {},
        failed: (error) => {
          throw error;
        },
        notice: () => {},
        suspended: () => {},
        debug: () => {},
      },
    );
  }

  static async open(shards: number): Promise<EngineLoad> {
    const load = new EngineLoad(shards);
    await load.#engine.ready();
    return load;
  }

  /** Runs so many clients over the names, each over its own when there are none. */
  async run(
    clients: number,
    names: readonly LockName[],
    seconds: number,
    warmupSeconds: number,
  ): Promise<EngineLoadResult> {
    this.#session++;
    this.#stopping = false;
    this.#running = clients;
    this.#names = names;
    this.#clients = Array.from({ length: clients }, (_, i) => new CallSlot(i, new LockName(`own-${i}`)));
    for (const client of this.#clients) this.#next(client, performance.now());
    this.#engine.flush();
    await sleep(warmupSeconds * 1000);
    const sleptBefore = await this.#sleptMs();
    this.#latencies.clear();
    const fromMs = performance.now();
    await sleep(seconds * 1000);
    const elapsedMs = performance.now() - fromMs;
    const calls = this.#latencies.total;
    const slept = (await this.#sleptMs()) - sleptBefore;
    const result = {
      rate: (calls * 1000) / elapsedMs,
      p50Ms: this.#latencies.quantile(0.5),
      p99Ms: this.#latencies.quantile(0.99),
      sleptShare: slept / elapsedMs / this.#engine.shards,
    };
    await this.#stop();
    return result;
  }

  close(): Promise<void> {
    return this.#engine.close();
  }

  #stop(): Promise<void> {
    this.#stopping = true;
    return new Promise((resolve) => {
      this.#resolveEnded = resolve;
    });
  }

  #answered(route: number, status: number, bytes: Buffer, offset: number, dataBytes: number): void {
    const client = this.#clients[route]!;
    const nowMs = performance.now();
    this.#latencies.add(nowMs - client.sentMs);
    readReply(client, bytes, offset, offset + dataBytes, false);
    if (status !== 0 || !client.done) throw new Error(`${client.method} of ${client.name.text} failed`);
    if (client.method === 'Lock') {
      client.method = 'Unlock';
      this.#submit(client, nowMs);
    } else if (!this.#stopping) {
      this.#next(client, nowMs);
    } else {
      this.#running--;
      if (this.#running === 0) this.#resolveEnded();
    }
  }

  #next(client: CallSlot, nowMs: number): void {
    client.method = 'Lock';
    if (this.#names.length > 0) {
      client.name = this.#names[this.#nextName % this.#names.length]!;
      this.#nextName += NAME_STEP;
    }
    this.#submit(client, nowMs);
  }

  /** The engine makes it visible when the batch of replies that we are called from is done. */
  #submit(client: CallSlot, nowMs: number): void {
    const isLock = client.method === 'Lock';
    const { lockMessage, nameField } = client.name;
    const message = this.#message;
    message.set(isLock ? lockMessage : nameField);
    let end = isLock ? lockMessage.length : nameField.length;
    if (!isLock) {
      message[end] = KEY_TAG;
      message[end + 1] = client.keyBytes;
      end += 2 + client.key.copy(message, end + 2, 0, client.keyBytes);
    }
    client.sentMs = nowMs;
    const method = isLock ? Method.Lock : Method.Unlock;
    const { index } = client;
    const never = Number.POSITIVE_INFINITY;
    const shard = this.#engine.submit(
      method,
      ReplyForm.Protobuf,
      index,
      index,
      this.#session,
      never,
      message,
      0,
      end,
    );
    if (shard < 0) throw new Error('so few clients cannot fill a ring');
  }

  /** A shard counts its sleep when it wakes, so all are woken first, by word of a caller that nobody knows. */
  async #sleptMs(): Promise<number> {
    for (let shard = 0; shard < this.#engine.shards; shard++) this.#engine.cancel(shard, 0, 0);
    this.#engine.flush();
    await sleep(WAKE_MS);
    let sleptMs = 0;
    for (let shard = 0; shard < this.#engine.shards; shard++) {
      sleptMs += metricWordsOf(this.#engine.metricMemory, shard)[MetricWord.SleptMs]!;
    }
    return sleptMs;
  }
}

/** A step that visits all names of a set, whatever their number, without an order that shards would notice. */
const NAME_STEP = 7919;
