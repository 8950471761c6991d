import type { ClaimObserver, ReleaseCause } from '../core/claim-observer.ts';
import type { ClaimView } from '../core/claim-view.ts';

/** Tells two observers of the same. */
export class ObserverPair implements ClaimObserver {
  readonly #first: ClaimObserver;
  readonly #second: ClaimObserver;

  constructor(first: ClaimObserver, second: ClaimObserver) {
    this.#first = first;
    this.#second = second;
  }

  granted(claim: ClaimView): void {
    this.#first.granted(claim);
    this.#second.granted(claim);
  }

  released(claim: ClaimView, cause: ReleaseCause): void {
    this.#first.released(claim, cause);
    this.#second.released(claim, cause);
  }

  renewed(claim: ClaimView): void {
    this.#first.renewed(claim);
    this.#second.renewed(claim);
  }

  lockClosed(name: string): void {
    this.#first.lockClosed(name);
    this.#second.lockClosed(name);
  }

  requestRefused(memoryKey: string, forgetAtMs: number): void {
    this.#first.requestRefused(memoryKey, forgetAtMs);
    this.#second.requestRefused(memoryKey, forgetAtMs);
  }
}
