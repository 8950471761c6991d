import type { LockState } from './lock-state.ts';

/** Lets waiters through: grants from the heads of queues, a slice at a time. */
export class WaiterPassage {
  readonly #state: LockState;
  readonly #sliceCount: number;
  /** Locks whose queues have more to let through than a slice, or may not while suspended; the next one first. */
  readonly #halfOpenLocks = new Set<number>();

  constructor(state: LockState, sliceCount: number) {
    this.#state = state;
    this.#sliceCount = sliceCount;
  }

  /** Whether there are queues whose heads may fit, left for {@link letMoreThrough}. */
  get isPending(): boolean {
    return !this.#state.suspended && this.#halfOpenLocks.size !== 0;
  }

  /** Goes on with the queues that have more to let through, by one slice in all. */
  letMoreThrough(nowMs: number): void {
    let left = this.#sliceCount;
    for (const lock of this.#halfOpenLocks) {
      this.#halfOpenLocks.delete(lock);
      left = Math.min(left - 1, this.letThrough(lock, nowMs, left));
      if (left <= 0) return;
    }
  }

  /**
   * Grants from the head of the queue for as long as the head fits; nobody passes it. Stops after a slice, or `left`
   * waiters: whoever comes meanwhile finds waiters, and queues up behind them. Returns how many were left to look at.
   */
  letThrough(lock: number, nowMs: number, left = this.#sliceCount): number {
    const state = this.#state;
    const { claims, locks, deadlines } = state;
    for (let claim = locks.firstWaiter(lock); claim !== 0; claim = locks.firstWaiter(lock)) {
      if (left === 0) {
        this.#halfOpenLocks.add(lock);
        return 0;
      }
      left--;
      if (state.isOrphan(claim)) {
        state.counters.departures++;
        state.removeWaiter(claim);
      } else if (deadlines.deadlineMs(claim) <= nowMs) {
        state.answerOverdue(claim);
      } else if (state.stopping || !locks.fits(lock, claims.permits(claim), claims.isShared(claim))) {
        return left;
      } else if (state.suspended) {
        this.#halfOpenLocks.add(lock);
        return left;
      } else {
        this.#grant(claim, nowMs);
      }
    }
    return left;
  }

  #grant(claim: number, nowMs: number): void {
    const state = this.#state;
    const origin = state.readOrigin(claim);
    state.queue.remove(claim);
    state.counters.waiters--;
    state.claims.countAge(claim, nowMs, state.timings.waits);
    state.grant(claim, nowMs);
    state.sendGrant(origin, claim);
  }
}
