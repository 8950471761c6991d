import type { LockChecker } from './lock-checker.ts';
import type { Timeline } from './timeline.ts';
import { Worker } from './worker.ts';

const WORKERS = 12;

/** One worker of each server goes on for so much longer than a session when its lock is in doubt, as if it had been asleep. */
const SLEEP_SESSIONS = 1.5;

/** What the workers fight for. */
export const LOCK_NAMES: readonly string[] = Array.from({ length: 8 }, (_, index) => `lock-${index + 1}`);

export interface LoadOptions {
  /** Of the servers, in the order of their numbers. */
  readonly addresses: readonly string[];
  readonly sessionTimeoutMs: number;
  readonly lockTimeoutMs: number;
  readonly checker: LockChecker;
  readonly timeline: Timeline;
}

/** The workers, spread evenly over the servers. */
export class Load {
  readonly #workers: readonly Worker[];
  readonly #stop = new AbortController();
  #runs: Promise<unknown> = Promise.resolve();

  constructor({ sessionTimeoutMs, ...options }: LoadOptions) {
    const { signal } = this.#stop;
    this.#workers = Array.from({ length: WORKERS }, (_, index) => {
      const sleepsMs = index < options.addresses.length ? sessionTimeoutMs * SLEEP_SESSIONS : 0;
      return new Worker({ ...options, id: index, lockNames: LOCK_NAMES, sleepsMs, signal });
    });
  }

  start(): void {
    this.#runs = Promise.all(this.#workers.map((worker) => worker.run()));
  }

  /** The locks that clients of a server hold or wait for: both stay in the queue until its session is over. */
  touchedBy(server: number): readonly string[] {
    const names = this.#workers.filter((worker) => worker.server === server).map(({ lockName }) => lockName);
    return [...new Set(names)].filter((name) => name !== null).sort();
  }

  /** Ends the workers, each after what it is at. */
  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#runs;
  }

  get size(): string {
    return `${WORKERS} workers over ${LOCK_NAMES.length} locks`;
  }
}
