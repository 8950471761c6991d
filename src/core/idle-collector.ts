import type { LockCommand } from './command.ts';
import type { CoreOptions } from './core-options.ts';
import type { LockState } from './lock-state.ts';

/**
 * Forgets locks that nobody has used for a while. A sweep begins every interval, counted from the start of the
 * core, and looks at all locks, a slice at a time.
 */
export class IdleCollector {
  readonly #state: LockState;
  readonly #intervalMs: number;
  readonly #minIdleMs: number;
  #nextSweepMs: number;
  /** The lock to look at next; 0 between sweeps. */
  #cursor = 0;
  /** Where `makeRoom` looked last. */
  #roomCursor = 0;

  constructor(state: LockState, options: CoreOptions) {
    this.#state = state;
    // Below a millisecond, or at 0, the core would do nothing but sweep.
    this.#intervalMs = Math.max(options.gcIntervalMs, 1);
    this.#minIdleMs = options.gcMinIdleMs;
    this.#nextSweepMs = options.startMs + this.#intervalMs;
  }

  get isSweeping(): boolean {
    return this.#cursor !== 0;
  }

  /** When the next sweep is due; Infinity while there is nothing to collect. */
  get nextSweepMs(): number {
    return this.#state.counters.locks === 0 ? Number.POSITIVE_INFINITY : this.#nextSweepMs;
  }

  /** Begins a sweep when one is due, and looks at no more than `countMax` locks of the sweep that is going on. */
  runSlice(nowMs: number, countMax: number): void {
    if (this.#cursor === 0) {
      if (nowMs < this.#nextSweepMs) return;
      this.#nextSweepMs +=
        this.#intervalMs * (Math.floor((nowMs - this.#nextSweepMs) / this.#intervalMs) + 1);
      this.#cursor = 1;
    }
    const locks = this.#state.locks;
    const endRow = locks.endRow;
    const sliceEnd = Math.min(this.#cursor + countMax, endRow);
    for (let lock = this.#cursor; lock < sliceEnd; lock++) {
      if (locks.isOpen(lock) && this.#isIdle(lock, nowMs)) this.#state.collectLock(lock);
    }
    this.#cursor = sliceEnd === endRow ? 0 : sliceEnd;
  }

  /**
   * Forgets what may be forgotten before its time, until there is room for what the command brings to `lock`, 0 for
   * a new one: released request ids, oldest first, then idle locks however short they have been idle. Looks at no
   * more than `countMax` of each; the next call goes on behind them. Returns whether there is room.
   */
  makeRoom(command: LockCommand, lock: number, countMax: number): boolean {
    const { locks, requests } = this.#state;
    for (let left = countMax; left > 0 && requests.forgetOldest(); left--) {
      if (this.#state.hasRoomFor(command, lock)) return true;
    }
    for (let left = Math.min(countMax, locks.endRow); left > 0; left--) {
      if (++this.#roomCursor >= locks.endRow) this.#roomCursor = 1;
      if (this.#roomCursor === lock || !locks.isOpen(this.#roomCursor) || !this.#isUnused(this.#roomCursor))
        continue;
      this.#state.collectLock(this.#roomCursor);
      if (this.#state.hasRoomFor(command, lock)) return true;
    }
    return false;
  }

  #isIdle(lock: number, nowMs: number): boolean {
    return this.#isUnused(lock) && nowMs - this.#state.locks.touchedMs(lock) > this.#minIdleMs;
  }

  #isUnused(lock: number): boolean {
    const { locks } = this.#state;
    return locks.holders(lock) === 0 && locks.waiters(lock) === 0;
  }
}
