import type { Clock } from '../../base/clock.ts';
import { DeadlineHeap } from '../../base/deadline-heap.ts';
import type { SessionClock } from '../../zookeeper/nodes.ts';
import type { Claim } from './claim.ts';

/** The ends of waits and leases, with one timer for the first of them. */
export class ClaimTimers {
  readonly #clock: Clock;
  readonly #timers: Pick<SessionClock, 'after'>;
  readonly #due: (claim: Claim) => void;
  readonly #heap = new DeadlineHeap();
  readonly #ids = new Map<Claim, number>();
  readonly #claims: (Claim | null)[] = [null];
  readonly #free: number[] = [];
  #wakeMs = Number.POSITIVE_INFINITY;
  #endTimer: () => void = () => {};

  /** @param due is called for each claim whose deadline has passed, once */
  constructor(clock: Clock, timers: Pick<SessionClock, 'after'>, due: (claim: Claim) => void) {
    this.#clock = clock;
    this.#timers = timers;
    this.#due = due;
  }

  /** Heeds the claim's deadline as it is now, whatever it was before. */
  set(claim: Claim): void {
    if (claim.deadlineMs === Number.POSITIVE_INFINITY) return this.remove(claim);
    const id = this.#ids.get(claim) ?? this.#add(claim);
    this.#heap.set(id, claim.deadlineMs);
    this.#arm();
  }

  remove(claim: Claim): void {
    const id = this.#ids.get(claim);
    if (id === undefined) return;
    this.#ids.delete(claim);
    this.#heap.remove(id);
    this.#claims[id] = null;
    this.#free.push(id);
  }

  close(): void {
    this.#endTimer();
    this.#wakeMs = Number.NEGATIVE_INFINITY;
  }

  #add(claim: Claim): number {
    const id = this.#free.pop() ?? this.#claims.length;
    this.#claims[id] = claim;
    this.#ids.set(claim, id);
    return id;
  }

  #arm(): void {
    const { firstMs } = this.#heap;
    if (firstMs >= this.#wakeMs) return;
    this.#endTimer();
    this.#wakeMs = firstMs;
    this.#endTimer = this.#timers.after(Math.max(0, firstMs - this.#clock.nowMs()), () => this.#wake());
  }

  #wake(): void {
    this.#wakeMs = Number.POSITIVE_INFINITY;
    const nowMs = this.#clock.nowMs();
    while (this.#heap.firstMs <= nowMs) {
      const claim = this.#claims[this.#heap.firstId]!;
      this.remove(claim);
      this.#due(claim);
    }
    this.#arm();
  }
}
