import type { Clock } from '../../base/clock.ts';
import { type Notices, shownKey, shownName } from '../../shard/debug-lines.ts';
import type { SessionClock } from '../../zookeeper/nodes.ts';
import type { Claim } from './claim.ts';
import type { ClaimBook } from './claim-book.ts';

const WALK_MS = 1_000;
/** Lines of one walk; the rest is counted. */
const LINES_PER_WALK = 10;

/** Warns once of each lock that is held for long, of those that this server has granted. */
export class HeldLong {
  readonly #book: ClaimBook;
  readonly #clock: Clock;
  readonly #timers: Pick<SessionClock, 'after'>;
  readonly #notices: Notices;
  readonly #heldLongMs: number;
  readonly #told = new WeakSet<Claim>();
  #endTimer: () => void = () => {};

  /** @param heldLongMs 0: warn of none */
  constructor(
    book: ClaimBook,
    clock: Clock,
    timers: Pick<SessionClock, 'after'>,
    notices: Notices,
    heldLongMs: number,
  ) {
    this.#book = book;
    this.#clock = clock;
    this.#timers = timers;
    this.#notices = notices;
    this.#heldLongMs = heldLongMs;
    if (heldLongMs > 0) this.#wait();
  }

  close(): void {
    this.#endTimer();
  }

  #wait(): void {
    this.#endTimer = this.#timers.after(Math.min(WALK_MS, this.#heldLongMs), () => {
      this.#walk();
      this.#wait();
    });
  }

  #walk(): void {
    const nowMs = this.#clock.nowMs();
    let found = 0;
    for (const claim of this.#book) {
      const heldMs = nowMs - claim.grantedMs;
      if (claim.state !== 'held' || heldMs < this.#heldLongMs || this.#told.has(claim)) continue;
      this.#told.add(claim);
      if (++found <= LINES_PER_WALK) this.#tell(claim, heldMs);
    }
    const count = found - LINES_PER_WALK;
    if (count > 0) this.#notices.notice('More locks are held for long', { count });
  }

  #tell({ place, lockKey, holder, origin }: Claim, heldMs: number): void {
    this.#notices.notice(
      'Lock is held for long',
      {
        ...{ lock: shownName(place.name), key: shownKey(lockKey), holder: shownName(holder) },
        held_seconds: Math.round(heldMs) / 1_000,
      },
      origin.session,
    );
  }
}
