import { checkLimits, checkTimeout } from './acquire-limits.ts';
import type { HeldLocks } from './held-locks.ts';
import { holdAllWithin } from './hold-all-within.ts';
import type { AcquireOptions, QueuedLock } from './queued-lock.ts';

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
    const [first] = this.locks;
    const wanted = this.locks.map((lock) => ({
      path: lock.path,
      acquire: (leftMs: number | null) => lock.acquire({ ...options, timeoutMs: leftMs }),
    }));
    // One clock for all of them, as they may be of different clients.
    return holdAllWithin(first!.clock, wanted, { timeoutMs, signal });
  }
}
