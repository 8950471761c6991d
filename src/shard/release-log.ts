import { type ClaimObserver, ReleaseCause } from '../core/claim-observer.ts';
import type { ClaimView } from '../core/claim-view.ts';
import { LockKey } from '../core/lock-key.ts';
import { type DebugLines, shownKey, shownName } from './debug-lines.ts';

/** Writes a line for each release that nobody asked for, under the names and attributes that LDLM uses. */
export class ReleaseLog implements ClaimObserver {
  readonly #lines: DebugLines;
  readonly #key = new LockKey();

  constructor(lines: DebugLines) {
    this.#lines = lines;
  }

  released(claim: ClaimView, cause: ReleaseCause): void {
    const lock = shownName(claim.name);
    if (cause === ReleaseCause.Expired) {
      claim.readKey(this.#key);
      this.#lines.debug(claim.session, 'Lock timer timeout', { lock, key: shownKey(this.#key) });
    } else if (cause === ReleaseCause.SessionEnded) {
      this.#lines.debug(claim.session, 'Unlocked during client session cleanup', { lock });
    }
  }

  /** The response says so. */
  granted(): void {}

  /** The response says so. */
  renewed(): void {}

  /** Nobody is told of it. */
  lockClosed(): void {}

  /** The response says so. */
  requestRefused(): void {}
}
