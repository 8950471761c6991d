import { setTimeout as sleep } from 'node:timers/promises';
import {
  type HeldLock,
  InvalidLockKeyError,
  LdlmClient,
  LockDoesNotExistError,
  LockWaitTimeoutError,
  ServerUnavailableError,
} from '../../src/client/index.ts';
import type { Holder, LockChecker } from './lock-checker.ts';
import type { Timeline } from './timeline.ts';

const HOLD_MS = [1, 5] as const;
/** Those who sleep through the end of their locks hold them longer, or a fault would rarely find them inside. */
const SLEEPER_HOLD_MS = [50, 150] as const;
const THINK_MS = [0, 10] as const;

/** A lock that is not free after so long is put aside, and the worker does something else meanwhile. */
const WAIT_MS = 250;
const ASIDE_MS = 2_000;

/** A server that does not answer is tried once more, and then another one is. */
const CLIENT = { retries: 1, retryDelayMs: 50 };
const MOVE_PAUSE_MS = 50;
/** How long a worker stays away from the server that it belongs to, before it tries that again. */
const AWAY_MS = 2_000;

export interface WorkerOptions {
  readonly id: number;
  readonly lockNames: readonly string[];
  readonly addresses: readonly string[];
  readonly lockTimeoutMs: number;
  /** Works on for so long when its lock is in doubt, and writes, as a program does that was asleep; 0: it stops at once. */
  readonly sleepsMs: number;
  readonly checker: LockChecker;
  readonly timeline: Timeline;
  /** Ends it. */
  readonly signal: AbortSignal;
}

/** A user's program: takes locks at one of the servers, and at another one when that is gone. */
export class Worker {
  /** The lock that it holds or waits for, and the place of the server in the list. */
  lockName: string | null = null;
  server: number;
  readonly #options: WorkerOptions;
  readonly #home: number;
  readonly #asideUntilMs = new Map<string, number>();
  #client: LdlmClient;
  #awayMs = 0;

  constructor(options: WorkerOptions) {
    this.#options = options;
    this.#home = options.id % options.addresses.length;
    this.server = this.#home;
    this.#client = this.#connect();
  }

  async run(): Promise<void> {
    const { signal } = this.#options;
    while (!signal.aborted) {
      try {
        await this.#cycle();
      } catch (error) {
        if (signal.aborted) break;
        this.#count(error);
        this.#move((this.server + 1) % this.#options.addresses.length);
        await sleep(MOVE_PAUSE_MS);
      }
      this.lockName = null;
    }
    await this.#client.close();
  }

  async #cycle(): Promise<void> {
    const { signal, lockTimeoutMs } = this.#options;
    await sleep(between(THINK_MS));
    if (this.server !== this.#home && performance.now() - this.#awayMs > AWAY_MS) this.#move(this.#home);
    const name = this.#choose();
    if (name === null) return;
    this.lockName = name;
    try {
      const lock = await this.#client.lock(name, { waitTimeoutMs: WAIT_MS, lockTimeoutMs, signal });
      await this.#hold(name, lock);
    } catch (error) {
      if (!(error instanceof LockWaitTimeoutError)) throw error;
      this.#asideUntilMs.set(name, performance.now() + ASIDE_MS);
    }
  }

  async #hold(name: string, lock: HeldLock): Promise<void> {
    const { checker, timeline, id, sleepsMs, signal } = this.#options;
    const holder: Holder = {
      who: `worker ${id} at server ${this.server + 1}`,
      token: lock.fencingToken,
      isLost: () => lock.signal.aborted,
      certainty: () => (lock.locked ? 'sure of it' : 'in doubt'),
    };
    checker.entered(name, holder);
    timeline.granted(name, this.server);
    await sleep(between(sleepsMs > 0 ? SLEEPER_HOLD_MS : HOLD_MS));
    if (!lock.locked && sleepsMs > 0) await sleep(sleepsMs, undefined, { signal }).catch(() => {});
    // A careful program writes only what it still has the lock for. The others rely on the token alone.
    if (lock.locked || sleepsMs > 0) checker.wrote(name, holder);
    const isLost = lock.signal.aborted;
    checker.left(name, holder);
    const wasHeld = await this.#unlock(lock);
    if (isLost || !wasHeld) timeline.lost('told');
  }

  /** Whether it was held until now. */
  async #unlock(lock: HeldLock): Promise<boolean> {
    try {
      return await lock.unlock();
    } catch (error) {
      if (error instanceof InvalidLockKeyError || error instanceof LockDoesNotExistError) return false;
      this.#options.timeline.lost('in doubt');
      throw error;
    }
  }

  #count(error: unknown): void {
    const { timeline } = this.#options;
    if (error instanceof ServerUnavailableError) timeline.unavailable++;
    else timeline.surprise(error);
  }

  /** One of the locks that are not put aside, at random; null when all are. */
  #choose(): string | null {
    const nowMs = performance.now();
    const free = this.#options.lockNames.filter((name) => (this.#asideUntilMs.get(name) ?? 0) <= nowMs);
    return free[Math.floor(Math.random() * free.length)] ?? null;
  }

  #move(server: number): void {
    // What it holds and waits for is given up with the connection; there is nothing to wait for.
    this.#client.close().catch(() => {});
    this.server = server;
    if (server !== this.#home) this.#awayMs = performance.now();
    this.#client = this.#connect();
  }

  #connect(): LdlmClient {
    return new LdlmClient({ ...CLIENT, address: this.#options.addresses[this.server]! });
  }
}

function between([least, most]: readonly [number, number]): number {
  return least + Math.random() * (most - least);
}
