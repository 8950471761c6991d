import { Limits } from '../base/limits.ts';
import { ROW_MASK, ROW_SHIFT, RowTable } from '../base/row-table.ts';

const STRIDE = 6;
const CLAIM = 1;
/** Links among the released requests, oldest first. */
const NEXT = 2;
const PREVIOUS = 3;
const FORGET_AT_FLOAT = 4 / 2;

/**
 * The request ids of each lock name: bound to a claim while that waits or holds, then remembered as released for
 * `Limits.requestMemoryMs`. All are remembered for the same time, so the oldest is always the first to forget, and
 * no more than `Limits.requestMemoryCountMax` are. Entries are rows; 0 is none.
 */
export class RequestMemory {
  readonly #rows = new RowTable(STRIDE);
  readonly #words = this.#rows.words;
  readonly #floats = this.#rows.floats;
  readonly #entries = new Map<string, number>();
  readonly #entryKeys: string[] = [''];
  readonly #entryOfClaim = new Map<number, number>();
  #oldest = 0;
  #newest = 0;
  #released = 0;

  /** All ids that are known: bound and released ones. */
  get count(): number {
    return this.#rows.count;
  }

  /** Released requests that are remembered. */
  get released(): number {
    return this.#released;
  }

  find(name: string, requestId: string, nowMs: number): number {
    const entry = this.#entries.get(entryKey(name, requestId)) ?? 0;
    if (entry !== 0 && this.claim(entry) === 0 && this.#forgetAtMs(entry) <= nowMs) {
      this.#forgetReleased(entry);
      return 0;
    }
    return entry;
  }

  /** The claim that the entry is bound to, 0 when that is released. */
  claim(entry: number): number {
    return this.#word(entry, CLAIM);
  }

  /** The claim that carries the id is bound to it: for checks. */
  isBound(claim: number): boolean {
    const entry = this.#entryOfClaim.get(claim) ?? 0;
    return entry !== 0 && this.claim(entry) === claim;
  }

  /** Binds an id that {@link find} does not know to a claim. */
  bind(name: string, requestId: string, claim: number): void {
    this.#entryOfClaim.set(claim, this.#open(entryKey(name, requestId), claim));
  }

  /** Forgets the id of a claim that ends without having held: the request may be made again. */
  unbind(claim: number): void {
    const entry = this.#takeEntryOf(claim);
    if (entry !== 0) this.#close(entry);
  }

  /** Remembers the id of a claim that ends as released. */
  release(claim: number, nowMs: number): void {
    const entry = this.#takeEntryOf(claim);
    if (entry !== 0) this.#appendReleased(entry, nowMs);
  }

  /** Remembers an id that is bound to no claim as released, from now on, so that a late arrival is refused. */
  refuse(name: string, requestId: string, nowMs: number): void {
    let entry = this.find(name, requestId, nowMs);
    if (entry === 0) entry = this.#open(entryKey(name, requestId), 0);
    else this.#unlinkReleased(entry);
    this.#appendReleased(entry, nowMs);
  }

  /** Forgets released requests whose time is over, at most `countMax` of them. */
  forgetOld(nowMs: number, countMax: number): void {
    while (countMax-- > 0 && this.#oldest !== 0 && this.#forgetAtMs(this.#oldest) <= nowMs) {
      this.#forgetReleased(this.#oldest);
    }
  }

  #takeEntryOf(claim: number): number {
    const entry = this.#entryOfClaim.get(claim) ?? 0;
    if (entry !== 0) this.#entryOfClaim.delete(claim);
    return entry;
  }

  #open(key: string, claim: number): number {
    const entry = this.#rows.open();
    this.#set(entry, CLAIM, claim);
    this.#entryKeys[entry] = key;
    this.#entries.set(key, entry);
    return entry;
  }

  #close(entry: number): void {
    this.#entries.delete(this.#entryKeys[entry]!);
    this.#entryKeys[entry] = '';
    this.#rows.close(entry);
  }

  #appendReleased(entry: number, nowMs: number): void {
    this.#set(entry, CLAIM, 0);
    this.#set(entry, NEXT, 0);
    this.#set(entry, PREVIOUS, this.#newest);
    this.#floats[entry >>> ROW_SHIFT]![(entry & ROW_MASK) * (STRIDE / 2) + FORGET_AT_FLOAT] =
      nowMs + Limits.requestMemoryMs;
    if (this.#newest === 0) this.#oldest = entry;
    else this.#set(this.#newest, NEXT, entry);
    this.#newest = entry;
    if (++this.#released > Limits.requestMemoryCountMax) this.#forgetReleased(this.#oldest);
  }

  #unlinkReleased(entry: number): void {
    const previous = this.#word(entry, PREVIOUS);
    const next = this.#word(entry, NEXT);
    if (previous === 0) this.#oldest = next;
    else this.#set(previous, NEXT, next);
    if (next === 0) this.#newest = previous;
    else this.#set(next, PREVIOUS, previous);
    this.#released--;
  }

  #forgetReleased(entry: number): void {
    this.#unlinkReleased(entry);
    this.#close(entry);
  }

  #forgetAtMs(entry: number): number {
    return this.#floats[entry >>> ROW_SHIFT]![(entry & ROW_MASK) * (STRIDE / 2) + FORGET_AT_FLOAT]!;
  }

  #word(entry: number, field: number): number {
    return this.#words[entry >>> ROW_SHIFT]![(entry & ROW_MASK) * STRIDE + field]!;
  }

  #set(entry: number, field: number, value: number): void {
    this.#words[entry >>> ROW_SHIFT]![(entry & ROW_MASK) * STRIDE + field] = value;
  }
}

/** One string for both: an id's length goes first, so that no other name and id give the same. */
function entryKey(name: string, requestId: string): string {
  return String.fromCharCode(requestId.length) + requestId + name;
}
