import type { ClaimView } from './claim-view.ts';

/** Why a grant ended. */
export const ReleaseCause = { Unlocked: 1, Expired: 2, SessionEnded: 3 } as const;

export type ReleaseCause = (typeof ReleaseCause)[keyof typeof ReleaseCause];

/**
 * Told of every change of who holds what, for a journal or for debug logs: a grant before its reply goes to the
 * sink, a release while the claim's data can still be read. The view is reused; copy what is kept. The observer
 * must not call the core.
 */
export interface ClaimObserver {
  granted(claim: ClaimView): void;
  released(claim: ClaimView, cause: ReleaseCause): void;
  /** The grant has a new deadline: by Renew, or by a repeated request that carries a lock timeout. */
  renewed(claim: ClaimView): void;
  /** A lock that nobody uses was forgotten, and its size with it. */
  lockClosed(name: string): void;
  /** A request id that no grant carries is refused until `forgetAtMs`. `memoryKey`: see `RequestMemory.keyOf`. */
  requestRefused(memoryKey: string, forgetAtMs: number): void;
}
