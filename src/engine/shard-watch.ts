import type { Clock } from '../base/clock.ts';
import { MetricWord, metricWordsOf } from '../base/metric-words.ts';
import { LdlmServerError } from '../contract/server-error.ts';
import type { ShardPort } from './shard-port.ts';

/** A shard with work pending that has not begun a turn for so long is no longer healthy. */
const UNHEALTHY_MS = 5_000;
const CHECK_MS = 500;

/** A shard no longer works: its thread ended, or it made no progress for longer than `shard_stall_limit`. */
export class ShardFailedError extends LdlmServerError {
  readonly shard: number;

  constructor(shard: number, what: string, options?: ErrorOptions) {
    super('LDLM_SHARD_FAILED', `shard ${shard} ${what}`, options);
    this.shard = shard;
  }
}

export interface ShardWatchEvents {
  /** A shard has stopped making progress, or goes on after that. */
  health(shard: number, healthy: boolean): void;
  /** A shard has stalled for longer than the limit. */
  stalled(error: ShardFailedError): void;
}

/**
 * Watches the heartbeats of the shards. A shard stamps its heartbeat at the beginning of each turn; one that has
 * requests to read and does not come round is stuck, whatever the reason.
 */
export class ShardWatch {
  readonly #ports: readonly ShardPort[];
  readonly #heartbeats: readonly Float64Array[];
  readonly #clock: Clock;
  readonly #stallLimitMs: number;
  readonly #events: ShardWatchEvents;
  readonly #pendingSinceMs: number[];
  readonly #healthy: boolean[];
  readonly #timer: NodeJS.Timeout;

  constructor(
    ports: readonly ShardPort[],
    metricMemory: SharedArrayBuffer,
    clock: Clock,
    stallLimitMs: number,
    events: ShardWatchEvents,
  ) {
    this.#ports = ports;
    this.#heartbeats = ports.map((_, shard) => metricWordsOf(metricMemory, shard));
    this.#clock = clock;
    this.#stallLimitMs = stallLimitMs;
    this.#events = events;
    this.#pendingSinceMs = ports.map(() => 0);
    this.#healthy = ports.map(() => true);
    this.#timer = setInterval(() => this.#check(), Math.min(CHECK_MS, stallLimitMs / 4));
    this.#timer.unref();
  }

  close(): void {
    clearInterval(this.#timer);
  }

  #check(): void {
    const nowMs = this.#clock.nowMs();
    for (let shard = 0; shard < this.#ports.length; shard++) {
      const stalledMs = this.#stalledMs(shard, nowMs);
      const healthy = stalledMs < UNHEALTHY_MS;
      if (healthy !== this.#healthy[shard]) {
        this.#healthy[shard] = healthy;
        this.#events.health(shard, healthy);
      }
      if (stalledMs >= this.#stallLimitMs) {
        const seconds = Math.round(stalledMs / 1000);
        this.#events.stalled(new ShardFailedError(shard, `has made no progress for ${seconds} s`));
      }
    }
  }

  /** For how long the shard has had work and begun no turn. */
  #stalledMs(shard: number, nowMs: number): number {
    if (!this.#ports[shard]!.hasPending()) {
      this.#pendingSinceMs[shard] = 0;
      return 0;
    }
    this.#pendingSinceMs[shard] ||= nowMs;
    return nowMs - Math.max(this.#pendingSinceMs[shard]!, this.#heartbeats[shard]![MetricWord.HeartbeatMs]!);
  }
}
