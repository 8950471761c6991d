import { LockLostError } from './lock-error.ts';
import type { LockHold } from './lock-hold.ts';

/** A lock that is held. `await using` releases it at the end of the block. */
export class HeldLock implements AsyncDisposable {
  /** The node that stands for it, which other programs see. */
  readonly path: string;
  /**
   * Grows with every grant of the lock. A store that remembers the largest one it has seen can refuse writers whose lock was
   * lost without their noticing.
   */
  readonly fencingToken: bigint;
  readonly #hold: LockHold;
  readonly #left: () => void;
  #isReleased = false;

  /**
   * @internal
   * @param left is called when it is released
   */
  constructor(hold: LockHold, left: () => void) {
    this.#hold = hold;
    this.#left = left;
    this.path = hold.node.path;
    this.fencingToken = hold.fencingToken;
  }

  /** Whether it is certainly held now: its session cannot have ended yet, and it was not released. */
  get locked(): boolean {
    return !this.#isReleased && this.#hold.isHeld;
  }

  /** Aborts when the lock is lost, with a {@link LockLostError} as its reason; not when it is released. */
  get signal(): AbortSignal {
    return this.#hold.signal;
  }

  /** @throws LockLostError unless it is certainly held now */
  assertHeld(): void {
    if (this.#isReleased) throw new LockLostError(this.path, 'it was released', 'is not held any more');
    this.signal.throwIfAborted();
  }

  /**
   * Releases it. True: it was held until now. False: it was not, because it was released before or is lost.
   *
   * While no server can be reached it waits until one can, or the session is over.
   */
  async release(): Promise<boolean> {
    if (this.#isReleased) return false;
    this.#isReleased = true;
    this.#left();
    return this.#hold.leave();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.release();
  }
}
