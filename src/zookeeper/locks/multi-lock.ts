import { ZooKeeperUseError } from '../zookeeper-error.ts';
import { checkLimits, checkTimeout } from './acquire-limits.ts';
import type { HeldLocks } from './held-locks.ts';
import { holdAllWithin } from './hold-all-within.ts';
import { checkAcquireOptions } from './lock-arguments.ts';
import { type AcquireOptions, QueuedLock } from './queued-lock.ts';

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
    checkLocks(locks);
    checkTimeout('', timeoutMs);
    this.locks = [...locks];
    this.timeoutMs = timeoutMs;
  }

  /**
   * Whoever is refused holds none any more. The nodes of those that were acquired are removed before that is told if there is
   * time, and else behind the caller's back, as for long as no server can be reached.
   *
   * @throws LockTimeoutError, another ZooKeeperError, or the reason of `signal`
   */
  async acquire(options: AcquireOptions = {}): Promise<HeldLocks> {
    checkAcquireOptions('', options);
    const { timeoutMs = this.timeoutMs, signal } = options;
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

/** @throws ZooKeeperUseError: of no lock at all, whoever asked would hold nothing and believe in it */
function checkLocks(locks: readonly QueuedLock[]): void {
  const isList = Array.isArray(locks) && locks.length > 0;
  if (!isList || !locks.every((lock) => lock instanceof QueuedLock))
    throw new ZooKeeperUseError('locks must be a list of at least one Mutex, readLock or writeLock');
}
