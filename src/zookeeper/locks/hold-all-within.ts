import type { SessionClock } from '../nodes.ts';
import type { AcquireLimits } from './acquire-limits.ts';
import type { HeldLock } from './held-lock.ts';
import { HeldLocks } from './held-locks.ts';
import { LockTimeoutError } from './lock-error.ts';
import { withinTime } from './within-time.ts';

/** One of those that are wanted together. */
export interface WantedLock {
  readonly path: string;
  acquire(timeoutMs: number | null): Promise<HeldLock>;
}

/**
 * Acquires one after the other, all of them in this time, or none. The nodes of those that were acquired are removed before a
 * refusal is told if there is time, and else behind the caller's back, as for as long as no server can be reached.
 *
 * @throws LockTimeoutError, another ZooKeeperError, or the reason of `signal`
 */
export async function holdAllWithin(
  clock: SessionClock,
  wanted: Iterable<WantedLock>,
  { timeoutMs, signal }: AcquireLimits,
): Promise<HeldLocks> {
  const untilMs = timeoutMs === null ? null : clock.nowMs() + timeoutMs;
  const leftMs = (): number | null => (untilMs === null ? null : Math.max(0, untilMs - clock.nowMs()));
  const held: HeldLock[] = [];
  try {
    for (const lock of wanted) {
      const forThisMs = leftMs();
      // Without any time, each of them is tried however long the others took.
      if (forThisMs === 0 && timeoutMs !== 0) throw new LockTimeoutError(lock.path, 0);
      held.push(await lock.acquire(forThisMs));
    }
    return new HeldLocks(held);
  } catch (error) {
    // Who has no time only tries, which takes as long as the servers take.
    await giveBackWithin(clock, held, { timeoutMs: timeoutMs === 0 ? null : leftMs(), signal });
    // The lock knows only what was left of the time when it was its turn.
    throw error instanceof LockTimeoutError ? new LockTimeoutError(error.path, timeoutMs ?? 0) : error;
  }
}

/** Releases them, and waits for that as long as its caller has time. */
async function giveBackWithin(
  clock: SessionClock,
  held: readonly HeldLock[],
  { timeoutMs, signal }: AcquireLimits,
): Promise<void> {
  const released = new HeldLocks(held).release().then(nothing, nothing);
  if (signal?.aborted === true) return;
  const late = (): Error => new Error('it goes on behind the back of its caller');
  const limits = { timeoutMs, signal, late, giveUp: nothing, giveBack: nothing };
  await withinTime(clock, released, limits).catch(nothing);
}

function nothing(): void {}
