import { ClaimView } from './claim-view.ts';
import type { LockState } from './lock-state.ts';

/** Told of grants that are held for long. The view is reused; copy what is kept. The observer must not call the core. */
export interface HoldObserver {
  /** The grant is held for `heldMs` by now, which is the limit or more. Called once for each grant. */
  heldLong(claim: ClaimView, heldMs: number): void;
  /** All grants that were held for so long have been told of. There is at most one such call a second. */
  walked(): void;
}

/** Walks over all claims begin no sooner after each other than this part of the limit, within these bounds. */
const WALKS_PER_LIMIT = 8;
const BETWEEN_WALKS_MS_MIN = 1_000;
const BETWEEN_WALKS_MS_MAX = 60_000;

/** The most that passes between the moment at which a grant is held for so long, and the walk that finds it. */
export function slowHolderDelayMs(limitMs: number): number {
  return Math.min(BETWEEN_WALKS_MS_MAX, Math.max(BETWEEN_WALKS_MS_MIN, limitMs / WALKS_PER_LIMIT));
}

/**
 * Finds grants that are held for longer than a limit, by walks over the claims, a slice at a time: a grant costs
 * nothing more for it. A walk notes when the next one would find anything, so that there are few of them where locks
 * are held for a short time. A renewed lock is still held by the same grant; one that a restart has brought back is
 * held since it was granted, and told of once more.
 */
export class SlowHolders {
  readonly #state: LockState;
  readonly #observer: HoldObserver;
  readonly #view: ClaimView;
  readonly #limitMs: number;
  readonly #betweenMs: number;
  #nextWalkMs: number;
  /** The earliest moment at which a grant that this walk has not told of will be held for so long. */
  #firstDueMs = 0;
  /** The claim to look at next; 0 between walks. */
  #cursor = 0;

  /** `limitMs`: above 0. */
  constructor(state: LockState, observer: HoldObserver, limitMs: number, startMs: number) {
    this.#state = state;
    this.#observer = observer;
    this.#view = new ClaimView(state);
    this.#limitMs = limitMs;
    this.#betweenMs = slowHolderDelayMs(limitMs);
    this.#nextWalkMs = startMs;
  }

  get isWalking(): boolean {
    return this.#cursor !== 0;
  }

  /** When the next walk is due; Infinity while nobody holds anything. */
  get nextWalkMs(): number {
    return this.#state.counters.holders === 0 ? Number.POSITIVE_INFINITY : this.#nextWalkMs;
  }

  /** Begins a walk when one is due, and looks at no more than `countMax` claims of the walk that is going on. */
  runSlice(nowMs: number, countMax: number): void {
    if (this.#cursor === 0) {
      if (nowMs < this.nextWalkMs) return;
      this.#cursor = 1;
      // What is granted from now on, also in a row that the walk has passed, is due no sooner.
      this.#firstDueMs = nowMs + this.#limitMs;
      this.#nextWalkMs = nowMs + this.#betweenMs;
    }
    const { endRow } = this.#state.claims;
    const sliceEnd = Math.min(this.#cursor + countMax, endRow);
    for (let claim = this.#cursor; claim < sliceEnd; claim++) this.#look(claim, nowMs);
    this.#cursor = sliceEnd === endRow ? 0 : sliceEnd;
    if (this.#cursor !== 0) return;
    this.#nextWalkMs = Math.max(this.#nextWalkMs, this.#firstDueMs);
    this.#observer.walked();
  }

  #look(claim: number, nowMs: number): void {
    const { claims } = this.#state;
    if (!claims.isOpen(claim) || !claims.isUntoldHolder(claim)) return;
    const sinceMs = claims.sinceMs(claim);
    const dueMs = sinceMs + this.#limitMs;
    if (dueMs > nowMs) {
      if (dueMs < this.#firstDueMs) this.#firstDueMs = dueMs;
      return;
    }
    claims.setTold(claim);
    this.#observer.heldLong(this.#view.at(claim), nowMs - sinceMs);
  }
}
