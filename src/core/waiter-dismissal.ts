import type { LockState } from './lock-state.ts';

/** Ends all waiters because the server stops, by one walk over the claims, a slice at a time. */
export class WaiterDismissal {
  readonly #state: LockState;
  /** The claim to look at next; 0 before the walk and after it. */
  #cursor = 0;

  constructor(state: LockState) {
    this.#state = state;
  }

  get isPending(): boolean {
    return this.#cursor !== 0;
  }

  /** No claim is opened from now on, so one walk finds every waiter. */
  begin(): void {
    if (this.#state.stopping) return;
    this.#state.stopping = true;
    this.#cursor = 1;
  }

  /** Looks at no more than `countMax` claims. */
  runSlice(countMax: number): void {
    if (this.#cursor === 0) return;
    const { claims } = this.#state;
    const endRow = claims.endRow;
    const sliceEnd = Math.min(this.#cursor + countMax, endRow);
    for (let claim = this.#cursor; claim < sliceEnd; claim++) {
      if (claims.isOpen(claim) && !claims.isHolding(claim)) this.#state.endStopped(claim);
    }
    this.#cursor = sliceEnd === endRow ? 0 : sliceEnd;
  }
}
