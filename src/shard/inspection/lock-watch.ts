import { Limits } from '../../base/limits.ts';
import { TokenBucket } from '../../base/token-bucket.ts';
import { StepKind } from './inspect-reply.ts';
import type { LockLister } from './lock-lister.ts';

/** Snapshots of one watch begin no sooner than so long after the last one, nor than so many times what that took. */
const SNAPSHOT_PAUSE_MS = 1_000;
const SNAPSHOT_PAUSE_TIMES = 4;

/**
 * One watch in a shard: counts its steps, gathers the events of a turn, and knows when they were too many, so that a
 * new snapshot is due.
 *
 *   begin ---> snapshot <----------------------------------.
 *                 | last row                                | not paused, room, and time for it: "missed n"
 *                 v         events that cannot be told      |
 *              current ---------------------------------> behind
 *                 snapshot as well --------------------------^
 */
export class LockWatch {
  readonly id: number;
  readonly #prefix: string;
  readonly #bucket: TokenBucket;
  #sequence = 0;
  #steps: string[] = [];
  #events = 0;
  #missed = 0;
  #paused = false;
  /** The row that the snapshot goes on with; 0 while there is none. */
  #snapshotRow = 1;
  #snapshotBeganMs: number;
  #snapshotDueMs: number;

  constructor(id: number, prefix: string, nowMs: number) {
    this.id = id;
    this.#prefix = prefix;
    this.#bucket = new TokenBucket(Limits.watchEventsPerSecond, Limits.watchEventsPerSecond, nowMs);
    this.#snapshotBeganMs = nowMs;
    this.#snapshotDueMs = nowMs;
    this.#add(`[${StepKind.SnapshotBegin},`, ']');
  }

  /** Whether the watch is to be told of an event of this lock. One that it would be told of, and cannot, is counted. */
  takes(name: string, nowMs: number): boolean {
    if (this.#prefix !== '' && !name.startsWith(this.#prefix)) return false;
    if (this.#missed === 0 && !this.#paused && this.#bucket.take(nowMs)) return true;
    this.#missed++;
    return false;
  }

  /** An event that the watch takes; `rest` is its text behind its sequence number. */
  event(rest: string): void {
    this.#events++;
    this.#add(`[${StepKind.Event},`, rest);
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
  }

  /** What was gathered cannot be told, or is not true. */
  lose(): void {
    this.#missed += Math.max(1, this.#events);
    this.#steps = [];
    this.#events = 0;
  }

  /** The steps that are to be sent now, as JSON with commas between them; empty for none. Called once a turn. */
  take(nowMs: number, isCrowded: boolean): string {
    if (this.#paused || isCrowded) {
      if (this.#events > 0) this.lose();
      return '';
    }
    // What was gathered came before what was missed.
    if (this.#missed > 0 && nowMs >= this.#snapshotDueMs) this.#beginAgain(nowMs);
    const text = this.#steps.join(',');
    this.#steps = [];
    this.#events = 0;
    return text;
  }

  /** Whether a slice of a snapshot would be sent now. */
  wantsSlice(): boolean {
    return this.#snapshotRow !== 0 && !this.#paused && this.#missed === 0;
  }

  /** The next slice of the snapshot, as `take` gives steps. */
  slice(lister: LockLister, nowMs: number): string {
    for (const lock of lister.slice(this.#snapshotRow, Limits.inspectedRowsMax, this.#prefix, true)) {
      this.#add(`[${StepKind.Lock},`, `,${lock}]`);
    }
    this.#snapshotRow = lister.nextRow;
    if (this.#snapshotRow === 0) {
      this.#add(`[${StepKind.SnapshotEnd},`, ']');
      const tookMs = nowMs - this.#snapshotBeganMs;
      this.#snapshotDueMs = nowMs + Math.max(SNAPSHOT_PAUSE_MS, SNAPSHOT_PAUSE_TIMES * tookMs);
    }
    const text = this.#steps.join(',');
    this.#steps = [];
    return text;
  }

  /** When a turn is wanted though nothing happens: 0 for at once. */
  nextWakeMs(): number {
    if (this.#paused) return Number.POSITIVE_INFINITY;
    if (this.#missed > 0) return this.#snapshotDueMs;
    return this.#snapshotRow !== 0 || this.#steps.length > 0 ? 0 : Number.POSITIVE_INFINITY;
  }

  #beginAgain(nowMs: number): void {
    this.#add(`[${StepKind.Missed},`, `,${this.#missed}]`);
    this.#add(`[${StepKind.SnapshotBegin},`, ']');
    this.#missed = 0;
    this.#snapshotRow = 1;
    this.#snapshotBeganMs = nowMs;
  }

  /** A step, whose sequence number stands between `head` and `rest`. */
  #add(head: string, rest: string): void {
    this.#sequence++;
    this.#steps.push(head + this.#sequence + rest);
  }
}
