import type { Logger } from './logger.ts';
import type { ServerStatus } from './server-status.ts';
import type { HealthService } from './services/health-service.ts';

/** What is said while locks cannot be kept where they are to be, and when they can again. */
const STORES = {
  stateFile: {
    suspended: 'no room to write the state file: nothing is locked until there is',
    resumed: 'the state file can be written again',
    reason: (shard: number) => `shard ${shard} has no room to write its state file`,
  },
  ensemble: {
    suspended: 'ZooKeeper cannot be reached: nothing is locked until it can',
    resumed: 'ZooKeeper can be reached again',
    reason: () => 'ZooKeeper cannot be reached',
  },
} as const;

/**
 * Whether the server takes requests, and why it takes none. Shards that stand still or cannot keep what they decide make
 * it unready for as long as they do; a stop and a failure do for ever.
 */
export class Readiness {
  readonly #health: Pick<HealthService, 'serving' | 'setServing'>;
  readonly #store: (typeof STORES)[keyof typeof STORES];
  readonly #logger: Logger;
  readonly #stalled = new Set<number>();
  readonly #suspended = new Set<number>();
  #hasStarted = false;
  #isStopping = false;
  #failure: Error | null = null;

  /** @param health is told what clients are to be told */
  constructor(
    health: Pick<HealthService, 'serving' | 'setServing'>,
    store: keyof typeof STORES,
    logger: Logger,
  ) {
    this.#health = health;
    this.#store = STORES[store];
    this.#logger = logger;
  }

  get status(): ServerStatus {
    const { serving } = this.#health;
    return { serving, reason: serving ? '' : this.#whyNotServing(), failed: this.#failure !== null };
  }

  /** The server takes connections. Before, it is not ready, whatever shards say. */
  started(): void {
    this.#hasStarted = true;
    this.#update();
  }

  /** The server is about to end in order. */
  stopping(): void {
    this.#isStopping = true;
  }

  /** A part of the server is lost. */
  failed(error: Error): void {
    this.#failure = error;
    this.#health.setServing(false);
  }

  /** A shard has stopped making progress, or goes on. */
  shardHealth(shard: number, healthy: boolean): void {
    if (healthy) this.#logger.warn({ shard }, 'shard works again');
    else this.#logger.error({ shard }, 'shard makes no progress');
    this.#note(this.#stalled, shard, !healthy);
  }

  /** A shard cannot keep what it decides, so that nothing of it changes, or can again. */
  shardSuspended(shard: number, suspended: boolean): void {
    if (suspended) this.#logger.error({ shard }, this.#store.suspended);
    else this.#logger.warn({ shard }, this.#store.resumed);
    this.#note(this.#suspended, shard, suspended);
  }

  #note(shards: Set<number>, shard: number, isTroubled: boolean): void {
    if (isTroubled) shards.add(shard);
    else shards.delete(shard);
    this.#update();
  }

  #update(): void {
    if (!this.#hasStarted || this.#isStopping || this.#failure !== null) return;
    this.#health.setServing(this.#stalled.size === 0 && this.#suspended.size === 0);
  }

  #whyNotServing(): string {
    if (this.#failure !== null) return this.#failure.message;
    if (this.#isStopping) return 'the server is shutting down';
    const [stalled] = this.#stalled;
    if (stalled !== undefined) return `shard ${stalled} makes no progress`;
    const [suspended] = this.#suspended;
    if (suspended !== undefined) return this.#store.reason(suspended);
    return 'the server is starting';
  }
}
