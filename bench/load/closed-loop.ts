import type { CallSlot } from './call-slot.ts';
import { LatencyHistogram } from './latency-histogram.ts';
import type { LoadConnection, Workload } from './load-connection.ts';
import { LockName, type LockOptions } from './lock-name.ts';

/**
 * What a slot does over and over: `cycle` takes a lock with Lock and gives it back, `try` does so with TryLock, `held`
 * asks with TryLock for one lock that is already held.
 */
export type LoopMode = 'cycle' | 'try' | 'held';

export interface LoopOptions extends LockOptions {
  readonly mode: LoopMode;
  /** Names drawn from a set that all slots share; 0: a name of its own for each slot. */
  readonly names: number;
  readonly seed: number;
}

/** Each slot sends its next call as soon as the one before is answered. Counts what is answered while it measures. */
export class ClosedLoop implements Workload {
  readonly latencies = new LatencyHistogram();
  /** gRPC statuses other than OK, and how often each came. */
  readonly failures = new Map<number, number>();
  /** Slots that have not come to their end. */
  running = 0;
  readonly #options: LoopOptions;
  readonly #shared: readonly LockName[];
  #measuring = false;
  #stopping = false;
  #random: number;
  #resolveEnded: () => void = () => {};

  constructor(options: LoopOptions) {
    this.#options = options;
    this.#random = options.seed | 1;
    const count = options.mode === 'held' ? 1 : options.names;
    this.#shared = Array.from({ length: count }, (_, i) => new LockName(`shared-${i}`, options));
  }

  /** The name that a slot begins with. */
  nameFor(connection: number, slot: number): LockName {
    return this.#shared.length > 0 ? this.#pick() : new LockName(`own-${connection}-${slot}`, this.#options);
  }

  start(connection: LoadConnection, slot: CallSlot): void {
    this.running++;
    this.#next(connection, slot);
  }

  measure(): void {
    this.latencies.clear();
    this.#measuring = true;
  }

  stopMeasuring(): void {
    this.#measuring = false;
  }

  /** Lets every slot come to its end; resolves when all have. */
  stop(): Promise<void> {
    this.#stopping = true;
    return new Promise((resolve) => {
      this.#resolveEnded = resolve;
      if (this.running === 0) resolve();
    });
  }

  answered(connection: LoadConnection, slot: CallSlot, status: number): void {
    if (this.#measuring) this.latencies.add(connection.nowMs - slot.sentMs);
    if (status !== 0) this.failures.set(status, (this.failures.get(status) ?? 0) + 1);
    if (slot.method !== 'Unlock' && slot.done && status === 0 && this.#options.mode !== 'held') {
      slot.method = 'Unlock';
      connection.send(slot);
    } else if (this.#stopping) {
      this.running--;
      if (this.running === 0) this.#resolveEnded();
    } else {
      this.#next(connection, slot);
    }
  }

  #next(connection: LoadConnection, slot: CallSlot): void {
    slot.method = this.#options.mode === 'cycle' ? 'Lock' : 'TryLock';
    if (this.#shared.length > 1) slot.name = this.#pick();
    connection.send(slot);
  }

  #pick(): LockName {
    return this.#shared[this.#draw() % this.#shared.length]!;
  }

  /** Xorshift with 32 bits: names need no better randomness, and runs with one seed are alike. */
  #draw(): number {
    let x = this.#random;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.#random = x;
    return x >>> 0;
  }
}
