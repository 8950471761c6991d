import type { LockEvent, WatchStep } from '../../contract/lock-info.ts';
import { changesBetween } from '../../engine/zookeeper/lock-changes.ts';
import { textOf } from '../../engine/zookeeper/lock-place.ts';
import type { PlacedLock } from '../../engine/zookeeper/placed-lock.ts';
import type { ClusterRows } from './cluster-rows.ts';
import type { Watch } from './inspector.ts';

/** A step without its place in the sequence. */
type Step =
  | { readonly kind: 'snapshotBegin' | 'snapshotEnd' }
  | Pick<Extract<WatchStep, { kind: 'lock' }>, 'kind' | 'lock'>
  | Pick<Extract<WatchStep, { kind: 'event' }>, 'kind' | 'event' | 'timeMs'>
  | Pick<Extract<WatchStep, { kind: 'missed' }>, 'kind' | 'count'>;

export interface ClusterWatchOptions {
  /** Names that begin with this, a byte string. */
  readonly prefix: string;
  readonly rows: ClusterRows;
  readonly nowMs: () => number;
  /** The locks as they are known now. */
  readonly locks: () => Iterable<PlacedLock>;
  readonly listener: (steps: readonly WatchStep[]) => void;
  readonly closed: (watch: ClusterWatch) => void;
}

/** One listener's view of the mirror: a snapshot, what happens from there on, and a new snapshot when it had to pause. */
export class ClusterWatch implements Watch {
  readonly #options: ClusterWatchOptions;
  #sequence = 0;
  #isPaused = false;
  #isClosed = false;
  /** It has had its first snapshot. */
  #hasBegun = false;
  #missed = 0;

  constructor(options: ClusterWatchOptions) {
    this.#options = options;
  }

  /** All locks are known from now on. */
  begin(): void {
    if (this.#isClosed) return;
    this.#hasBegun = true;
    if (this.#isPaused) this.#missed++;
    else this.#send(this.#snapshot());
  }

  pause(): void {
    this.#isPaused = true;
  }

  resume(): void {
    if (!this.#isPaused || this.#isClosed) return;
    this.#isPaused = false;
    if (this.#missed === 0) return;
    const missed: Step = { kind: 'missed', count: this.#missed };
    this.#missed = 0;
    this.#send([missed, ...this.#snapshot()]);
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#options.closed(this);
  }

  changed(before: PlacedLock | null, after: PlacedLock | null): void {
    const { name } = (after ?? before)!.place;
    if (!this.#hasBegun || !name.startsWith(this.#options.prefix)) return;
    const steps = this.#stepsOf(before, after);
    if (steps.length === 0) return;
    if (this.#isPaused) this.#missed += steps.length;
    else this.#send(steps);
  }

  #stepsOf(before: PlacedLock | null, after: PlacedLock | null): Step[] {
    const lock = (after ?? before)!;
    const { rows, nowMs } = this.#options;
    const changes = changesBetween(before, after);
    const steps = changes.map(({ type, contender, isHolder, holderCount, waiterCount }): Step => {
      const claim = isHolder ? rows.holder(lock, contender) : rows.waiter(lock, contender);
      const event: LockEvent = {
        ...{ type, name: textOf(lock.place.name), size: lock.size },
        ...{ holderCount, waiterCount, claim },
      };
      return { kind: 'event', timeMs: Math.round(nowMs()), event };
    });
    const last = changes.at(-1);
    const isTold =
      after === null ||
      ((last?.holderCount ?? before?.holderCount) === after.holderCount &&
        (last?.waiterCount ?? before?.waiterCount) === after.waiterCount);
    // Of long lists not all is told, so the lock is told as a whole.
    return isTold ? steps : [...steps, { kind: 'lock', lock: rows.lock(after) }];
  }

  #snapshot(): Step[] {
    const { locks, prefix, rows } = this.#options;
    const steps: Step[] = [{ kind: 'snapshotBegin' }];
    for (const lock of locks())
      if (lock.place.name.startsWith(prefix)) steps.push({ kind: 'lock', lock: rows.lock(lock) });
    steps.push({ kind: 'snapshotEnd' });
    return steps;
  }

  #send(steps: readonly Step[]): void {
    if (this.#isClosed) return;
    this.#options.listener(steps.map((step) => ({ ...step, shard: 0, sequence: ++this.#sequence })));
  }
}
