import type { ReleaseCause } from './claim-observer.ts';
import type { ClaimView } from './claim-view.ts';

/**
 * Told of everything that happens to claims, for people who look on. Unlike a `ClaimObserver` it may come and go while
 * the core works, hears of waiters too, and is not told of a grant that is undone. The view is reused; copy what is
 * kept. The watcher must not call the core.
 */
export interface ClaimWatcher {
  /** The claim waits, or goes on waiting for another call. */
  waiting(claim: ClaimView): void;
  granted(claim: ClaimView): void;
  /** The grant has a new deadline or another session. */
  renewed(claim: ClaimView): void;
  /** The grant ends. It is still counted among the lock's holders. */
  released(claim: ClaimView, cause: ReleaseCause): void;
  /** The waiter goes without a grant. It is still counted among the lock's waiters. */
  left(claim: ClaimView): void;
}
