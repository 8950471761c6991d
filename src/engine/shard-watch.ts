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
  /** A shard has stalled for longer than the limit. Told at every look until the watch is closed. */
  stalled(error: ShardFailedError): void;
}

/**
 * Watches the heartbeats of the shards. A shard stamps its heartbeat at the beginning of each turn; one that has
 * requests to read and does not come round is stuck, whatever the reason.
 *
 * Time counts as stalled only while we look: when the whole process was stopped for a minute, by a debugger or a
 * sleeping machine, no shard had the chance to come round, and a single look afterwards must not condemn it.
 */
export class ShardWatch {
  readonly #ports: readonly ShardPort[];
  readonly #heartbeats: readonly Float64Array[];
  readonly #clock: Clock;
  readonly #stallLimitMs: number;
  readonly #unhealthyMs: number;
  readonly #checkMs: number;
  readonly #events: ShardWatchEvents;
  readonly #stalledMs: number[];
  readonly #lastHeartbeats: number[];
  readonly #healthy: boolean[];
  readonly #timer: NodeJS.Timeout;
  #checkedMs: number;

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
    // Whoever gives up sooner than that wants to be told sooner, too.
    this.#unhealthyMs = Math.min(UNHEALTHY_MS, stallLimitMs / 2);
    this.#checkMs = Math.min(CHECK_MS, stallLimitMs / 8);
    this.#events = events;
    this.#stalledMs = ports.map(() => 0);
    this.#lastHeartbeats = ports.map(() => 0);
    this.#healthy = ports.map(() => true);
    this.#checkedMs = clock.nowMs();
    this.#timer = setInterval(() => this.#check(), this.#checkMs);
    this.#timer.unref();
  }

  close(): void {
    clearInterval(this.#timer);
  }

  #check(): void {
    const nowMs = this.#clock.nowMs();
    const elapsedMs = Math.min(nowMs - this.#checkedMs, 2 * this.#checkMs);
    this.#checkedMs = nowMs;
    for (let shard = 0; shard < this.#ports.length; shard++) {
      const stalledMs = this.#countStalled(shard, elapsedMs);
      const healthy = stalledMs < this.#unhealthyMs;
      if (healthy !== this.#healthy[shard]) {
        this.#healthy[shard] = healthy;
        this.#events.health(shard, healthy);
      }
      if (stalledMs >= this.#stallLimitMs) {
        const seconds = (stalledMs / 1000).toFixed(1);
        this.#events.stalled(new ShardFailedError(shard, `has made no progress for ${seconds} s`));
      }
    }
  }

  /** For how long the shard has had work at every look and begun no turn. */
  #countStalled(shard: number, elapsedMs: number): number {
    const heartbeat = this.#heartbeats[shard]![MetricWord.HeartbeatMs]!;
    const isStuck = heartbeat === this.#lastHeartbeats[shard] && this.#ports[shard]!.hasPending();
    this.#lastHeartbeats[shard] = heartbeat;
    this.#stalledMs[shard] = isStuck ? this.#stalledMs[shard]! + elapsedMs : 0;
    return this.#stalledMs[shard]!;
  }
}
