import type { ClaimView } from '../core/claim-view.ts';
import { LockKey } from '../core/lock-key.ts';
import type { HoldObserver } from '../core/slow-holders.ts';
import { type Notices, shownKey, shownName } from './debug-lines.ts';

/** Lines of one walk, of which there is at most one a second; the rest is counted. */
const LINES_PER_WALK = 10;

/** Warns of locks that are held for long. */
export class SlowHolderLog implements HoldObserver {
  readonly #notices: Notices;
  readonly #key = new LockKey();
  #found = 0;

  constructor(notices: Notices) {
    this.#notices = notices;
  }

  heldLong(claim: ClaimView, heldMs: number): void {
    if (++this.#found > LINES_PER_WALK) return;
    claim.readKey(this.#key);
    const lock = shownName(claim.name);
    const attributes = { lock, key: shownKey(this.#key), holder: shownName(claim.holder) };
    const heldSeconds = Math.round(heldMs) / 1_000;
    this.#notices.notice(
      'Lock is held for long',
      { ...attributes, held_seconds: heldSeconds },
      claim.session,
    );
  }

  walked(): void {
    const count = this.#found - LINES_PER_WALK;
    this.#found = 0;
    if (count > 0) this.#notices.notice('More locks are held for long', { count });
  }
}
