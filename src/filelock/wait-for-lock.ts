import { setTimeout as sleep } from 'node:timers/promises';
import type { FileHold } from './file-hold.ts';
import { FileLockedError, FileLockTimeoutError, FileLockUseError } from './file-lock-error.ts';
import { PollDelay } from './poll-delay.ts';

/** How to go about a lock that somebody else may have. */
export interface WaitOptions {
  /** Whether to wait for a lock that somebody else has. Default: true. */
  readonly wait?: boolean;
  /** For how long to wait in all, in milliseconds. Default: Infinity. */
  readonly timeoutMs?: number;
  /** Ends the waiting: it rejects with the signal's reason. */
  readonly signal?: AbortSignal;
}

/**
 * Looks again and again, whether `hold` can be had, until a look has been successful.
 *
 * @throws FileLockedError, FileLockTimeoutError, FileLockUseError, the reason of the signal, or what `look` throws
 */
export async function waitForLock(
  hold: FileHold,
  { wait = true, timeoutMs = Number.POSITIVE_INFINITY, signal }: WaitOptions,
  look: () => Promise<boolean>,
): Promise<void> {
  if (!(timeoutMs >= 0)) throw new FileLockUseError(`timeoutMs must be 0 or more, not ${timeoutMs}`);
  const deadlineMs = performance.now() + timeoutMs;
  const delay = new PollDelay();
  for (;;) {
    signal?.throwIfAborted();
    if (await look()) return;
    if (!wait) throw new FileLockedError(hold.path, hold.isInUse ? process.pid : undefined);
    const leftMs = deadlineMs - performance.now();
    if (leftMs <= 0) throw new FileLockTimeoutError(hold.path, timeoutMs);
    // What a signal does to the delay is told by its reason, in the next round.
    await sleep(Math.min(delay.nextMs(), leftMs), undefined, { signal }).catch(() => {});
  }
}
