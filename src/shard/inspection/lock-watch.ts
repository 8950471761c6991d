import { Limits } from '../../base/limits.ts';
import { TokenBucket } from '../../base/token-bucket.ts';
import { StepKind } from './inspect-reply.ts';
import type { LockLister } from './lock-lister.ts';

/** Snapshots of one watch begin no sooner than so long after the last one, nor than so many times what that took. */
const SNAPSHOT_PAUSE_MS = 1_000;
const SNAPSHOT_PAUSE_TIMES = 4;

/**
 * One watch in a shard: counts its steps, gathers events until they may be sent, and knows when they were too many, so
 * that a new snapshot is due.
 *
 *   begin ---> snapshot <----------------------------------.
 *                 | last row                                | "missed n", when it is time for it
 *                 v     events that cannot be kept          |
 *              current ---------------------------------> behind
 *                 snapshot as well --------------------------^
 *
 * What is sent is paid from a credit, which the main thread gives back when its listener has taken it. While there is
 * none, or the ring is crowded, events are kept, up to a limit; a snapshot only waits. An event of a lock that the
 * snapshot has not come by yet need not be told: the snapshot will show what came of it.
 */
export class LockWatch {
  readonly id: number;
  readonly #prefix: string;
  readonly #bucket: TokenBucket;
  #sequence = 0;
  #credit: number = Limits.watchCreditCharacters;
  #steps: string[] = [];
  /** The length of the steps. */
  #characters = 0;
  #events = 0;
  #missed = 0;
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

  /**
   * Whether the watch is to be told of an event of this lock, whose row is `lockRow`. One that it would be told of, and
   * cannot, is counted.
   */
  takes(name: string, lockRow: number, nowMs: number): boolean {
    if (this.#prefix !== '' && !name.startsWith(this.#prefix)) return false;
    if (this.#missed === 0) {
      if (this.#snapshotRow !== 0 && lockRow >= this.#snapshotRow) return false;
      if (this.#characters <= Limits.watchGatheredCharactersMax && this.#bucket.take(nowMs)) return true;
    }
    this.#missed++;
    return false;
  }

  /** An event that the watch takes; `rest` is its text behind its sequence number. */
  event(rest: string): void {
    this.#events++;
    this.#add(`[${StepKind.Event},`, rest);
  }

  /** The listener has taken so much of what it was sent. */
  giveCredit(characters: number): void {
    this.#credit += characters;
  }

  /** What was gathered is not true: it was undone. */
  lose(): void {
    this.#missed += Math.max(1, this.#events);
    // What nobody was told is no step.
    this.#sequence -= this.#steps.length;
    this.#clear();
  }

  /** The steps that are to be sent now, as the JSON of a list; empty for none. */
  take(nowMs: number): string {
    if (this.#credit <= 0) return '';
    // What was gathered came before what was missed.
    if (this.#missed > 0 && nowMs >= this.#snapshotDueMs) this.#beginAgain(nowMs);
    return this.#send();
  }

  /** Whether a slice of a snapshot would be sent now. */
  wantsSlice(): boolean {
    return this.#snapshotRow !== 0 && this.#credit > 0 && this.#missed === 0;
  }

  /** The next slice of the snapshot, as `take` gives steps. */
  slice(lister: LockLister, nowMs: number): string {
    for (const lock of lister.slice(this.#snapshotRow, Limits.inspectedRowsMax, this.#prefix, true)) {
      this.#add(`[${StepKind.Lock},`, `,${lock}]`);
    }
    this.#snapshotRow = lister.nextRow;
    if (this.#snapshotRow === 0) {
      this.#add(`[${StepKind.SnapshotEnd},`, ']');
      this.#postponeSnapshot(nowMs);
    }
    return this.#send();
  }

  /** When a turn is wanted though nothing happens: 0 for at once. */
  nextWakeMs(): number {
    // Credit comes as a record, which wakes the shard.
    if (this.#credit <= 0) return Number.POSITIVE_INFINITY;
    if (this.#steps.length > 0) return 0;
    if (this.#missed > 0) return this.#snapshotDueMs;
    return this.#snapshotRow !== 0 ? 0 : Number.POSITIVE_INFINITY;
  }

  #beginAgain(nowMs: number): void {
    this.#add(`[${StepKind.Missed},`, `,${this.#missed}]`);
    this.#add(`[${StepKind.SnapshotBegin},`, ']');
    // One that is broken off is not begun again sooner than one that came to its end.
    if (this.#snapshotRow !== 0) this.#postponeSnapshot(nowMs);
    this.#missed = 0;
    this.#snapshotRow = 1;
    this.#snapshotBeganMs = nowMs;
  }

  #postponeSnapshot(nowMs: number): void {
    const tookMs = nowMs - this.#snapshotBeganMs;
    this.#snapshotDueMs = nowMs + Math.max(SNAPSHOT_PAUSE_MS, SNAPSHOT_PAUSE_TIMES * tookMs);
  }

  /** A step, whose sequence number stands between `head` and `rest`. */
  #add(head: string, rest: string): void {
    this.#sequence++;
    const step = head + this.#sequence + rest;
    this.#characters += step.length;
    this.#steps.push(step);
  }

  #send(): string {
    if (this.#steps.length === 0) return '';
    const text = `[${this.#steps.join(',')}]`;
    this.#credit -= text.length;
    this.#clear();
    return text;
  }

  #clear(): void {
    this.#steps = [];
    this.#characters = 0;
    this.#events = 0;
  }
}
