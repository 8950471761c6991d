import { type AcquireLimits, checkLimits, checkTimeout } from './acquire-limits.ts';
import type { HeldLock } from './held-lock.ts';
import { LockTimeoutError } from './lock-error.ts';
import type { AcquireOptions, QueuedLock } from './queued-lock.ts';
import { withinTime } from './within-time.ts';

/** Several locks that are held together. `await using` releases them. */
export class HeldLocks implements AsyncDisposable {
  /** In the order in which they were acquired. */
  readonly locks: readonly HeldLock[];

  /** @internal */
  constructor(locks: readonly HeldLock[]) {
    this.locks = locks;
  }

  /** Whether all of them are certainly held now. */
  get locked(): boolean {
    return this.locks.every(({ locked }) => locked);
  }

  /** Releases them, the last one first. True: all were held until now. @throws AggregateError when releases failed */
  async release(): Promise<boolean> {
    const settled = await Promise.allSettled([...this.locks].reverse().map((lock) => lock.release()));
    const errors = settled.flatMap((end) => (end.status === 'rejected' ? [end.reason] : []));
    if (errors.length > 0) throw new AggregateError(errors, 'not all locks could be released');
    return settled.every((end) => end.status === 'fulfilled' && end.value);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.release();
  }
}

/**
 * Acquires several locks, in their order, or none. Whoever uses some of the same locks must have them in the same order, or
 * both may wait for each other until their time is over.
 */
export class MultiLock {
  readonly locks: readonly QueuedLock[];
  /** How long `acquire` waits for all of them together unless it says otherwise; null: for ever. */
  timeoutMs: number | null;

  constructor(
    locks: readonly QueuedLock[],
    { timeoutMs = 1_000 }: { readonly timeoutMs?: number | null } = {},
  ) {
    checkTimeout('', timeoutMs);
    this.locks = locks;
    this.timeoutMs = timeoutMs;
  }

  /**
   * Whoever is refused holds none any more. The nodes of those that were acquired are removed before that is told if there is
   * time, and else behind the caller's back, as for long as no server can be reached.
   *
   * @throws LockTimeoutError, another ZooKeeperError, or the reason of `signal`
   */
  async acquire({ timeoutMs = this.timeoutMs, ...options }: AcquireOptions = {}): Promise<HeldLocks> {
    const { signal } = options;
    checkLimits('', { timeoutMs, signal });
    const untilMs = timeoutMs === null ? null : this.#nowMs() + timeoutMs;
    const held: HeldLock[] = [];
    try {
      for (const lock of this.locks) {
        const leftMs = this.#leftMs(untilMs);
        if (leftMs === 0 && timeoutMs !== 0) throw new LockTimeoutError(lock.path, 0);
        held.push(await lock.acquire({ ...options, timeoutMs: leftMs }));
      }
      return new HeldLocks(held);
    } catch (error) {
      // Who has no time only tries, which takes as long as the servers take.
      const leftMs = timeoutMs === 0 ? null : this.#leftMs(untilMs);
      await this.#giveBack(held, { timeoutMs: leftMs, signal });
      // The lock knows only what was left of the time when it was its turn.
      throw error instanceof LockTimeoutError ? new LockTimeoutError(error.path, timeoutMs ?? 0) : error;
    }
  }

  /** Releases them, and waits for that as long as its caller has time. */
  async #giveBack(held: readonly HeldLock[], { timeoutMs, signal }: AcquireLimits): Promise<void> {
    const released = new HeldLocks(held).release().then(nothing, nothing);
    const [first] = this.locks;
    if (first === undefined || signal?.aborted === true) return;
    const limits = { timeoutMs, signal, late: () => new LockTimeoutError(first.path, 0) };
    await withinTime(first.clock, released, { ...limits, giveUp: nothing, giveBack: nothing }).catch(nothing);
  }

  #leftMs(untilMs: number | null): number | null {
    return untilMs === null ? null : Math.max(0, untilMs - this.#nowMs());
  }

  /** One clock for all of them, as they may be of different clients. */
  #nowMs(): number {
    return this.locks[0]?.clock.nowMs() ?? 0;
  }
}

function nothing(): void {}
