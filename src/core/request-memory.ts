import { Limits } from '../base/limits.ts';
import { ROW_MASK, ROW_SHIFT, RowTable } from '../base/row-table.ts';
import { NameIndex } from './name-index.ts';
import { requestIdIn, requestKey } from './request-key.ts';
import type { TextBudget } from './text-budget.ts';

const STRIDE = 6;
const CLAIM = 1;
/** Links among the released requests, oldest first. */
const NEXT = 2;
const PREVIOUS = 3;
const FORGET_AT_FLOAT = 4 / 2;

/**
 * The request ids of each lock name: bound to a claim while that waits or holds, then remembered as released for
 * `Limits.requestMemoryMs`. All are remembered for the same time, so the oldest is always the first to forget, and
 * no more than `Limits.requestMemoryCountMax` are. Their keys count in the text budget. Entries are rows; 0 is none.
 */
export class RequestMemory {
  readonly #rows = new RowTable(STRIDE);
  readonly #words = this.#rows.words;
  readonly #floats = this.#rows.floats;
  readonly #keys: NameIndex;
  /** By claim: its entry, 0 when it has none. In pages like the claims' own rows. */
  readonly #entryOfClaim: Int32Array[] = [];
  readonly #texts: TextBudget;
  readonly #keySeed: number;
  #oldest = 0;
  #newest = 0;
  #released = 0;

  /** `keySeed`: see {@link requestKey}. */
  constructor(texts: TextBudget, keySeed: number) {
    this.#texts = texts;
    this.#keySeed = keySeed;
    this.#keys = new NameIndex(keySeed);
  }

  /** All ids that are known: bound and released ones. */
  get count(): number {
    return this.#rows.count;
  }

  /** Bytes of text that are kept for them, added up anew: for checks. */
  countTextBytes(): number {
    let bytes = 0;
    for (let entry = 1; entry < this.#rows.endRow; entry++) {
      if (this.#rows.isOpen(entry)) bytes += this.keyOf(entry).length;
    }
    return bytes;
  }

  /** Released requests that are remembered. */
  get released(): number {
    return this.#released;
  }

  find(name: string, requestId: string, nowMs: number): number {
    const entry = this.#keys.find(this.keyFor(name, requestId));
    if (entry !== 0 && this.claim(entry) === 0 && this.forgetAtMs(entry) <= nowMs) {
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
    const entry = this.#entryOf(claim);
    return entry !== 0 && this.claim(entry) === claim;
  }

  /** The id that is bound to a claim, empty when it has none. */
  requestIdOf(claim: number): string {
    const entry = this.#entryOf(claim);
    return entry === 0 ? '' : requestIdIn(this.keyOf(entry));
  }

  /** Binds an id that {@link find} does not know to a claim. */
  bind(name: string, requestId: string, claim: number): void {
    this.bindKey(this.keyFor(name, requestId), claim);
  }

  /** The same with what {@link keyFor} gave. */
  bindKey(key: string, claim: number): void {
    this.#setEntryOf(claim, this.#open(key, claim));
  }

  /** Forgets the id of a claim that ends without having held: the request may be made again. */
  unbind(claim: number): void {
    const entry = this.#takeEntryOf(claim);
    if (entry !== 0) this.#close(entry);
  }

  /** Remembers the id of a claim that ends as released. */
  release(claim: number, nowMs: number): void {
    const entry = this.#takeEntryOf(claim);
    if (entry !== 0) this.#appendReleased(entry, nowMs + Limits.requestMemoryMs);
  }

  /**
   * Remembers an id that is bound to no claim as released, from now on, so that a late arrival is refused. Where
   * there is no room for its text, the oldest are forgotten for it; where that is not enough, it is not remembered.
   * Returns the entry, 0 for none.
   */
  refuse(name: string, requestId: string, nowMs: number): number {
    let entry = this.find(name, requestId, nowMs);
    if (entry !== 0) {
      this.#unlinkReleased(entry);
    } else {
      const key = this.keyFor(name, requestId);
      while (!this.#texts.hasRoom(key.length)) if (!this.forgetOldest()) return 0;
      entry = this.#open(key, 0);
    }
    this.#appendReleased(entry, nowMs + Limits.requestMemoryMs);
    return entry;
  }

  /**
   * For a journal that is read: a request under its key, as {@link keyOf} tells it, that was released. In a snapshot it
   * may stand behind one that is forgotten later, and is then kept as long as that one, though no longer found.
   */
  remember(key: string, forgetAtMs: number): void {
    const known = this.#keys.find(key);
    if (known !== 0 && this.claim(known) !== 0) return;
    if (known !== 0) this.#unlinkReleased(known);
    this.#appendReleased(known === 0 ? this.#open(key, 0) : known, forgetAtMs);
  }

  /** What the id is known by, whether it is known or not. */
  keyFor(name: string, requestId: string): string {
    return requestKey(name, requestId, this.#keySeed);
  }

  /** Forgets the id if it is remembered as released, also before its time. Returns false when a claim is bound to it. */
  free(key: string): boolean {
    const entry = this.#keys.find(key);
    if (entry === 0) return true;
    if (this.claim(entry) !== 0) return false;
    this.#forgetReleased(entry);
    return true;
  }

  /** The released request that is the next to be forgotten, 0 for none. */
  firstReleased(): number {
    return this.#oldest;
  }

  /** Whether the entry is still, or again, a released request: for a walk that has been interrupted. */
  isReleased(entry: number): boolean {
    return this.#rows.isOpen(entry) && this.claim(entry) === 0;
  }

  /** The released request behind this one, 0 for none. */
  nextReleased(entry: number): number {
    return this.#word(entry, NEXT);
  }

  /** What the request is known by, see {@link requestKey}. */
  keyOf(entry: number): string {
    return this.#keys.name(entry);
  }

  /** Until when a released request is remembered. */
  forgetAtMs(entry: number): number {
    return this.#floats[entry >>> ROW_SHIFT]![(entry & ROW_MASK) * (STRIDE / 2) + FORGET_AT_FLOAT]!;
  }

  /** Forgets the released request that is the next to be forgotten, before its time. Returns false for none. */
  forgetOldest(): boolean {
    if (this.#oldest === 0) return false;
    this.#forgetReleased(this.#oldest);
    return true;
  }

  /** Forgets released requests whose time is over, at most `countMax` of them. */
  forgetOld(nowMs: number, countMax: number): void {
    while (countMax-- > 0 && this.#oldest !== 0 && this.forgetAtMs(this.#oldest) <= nowMs) {
      this.#forgetReleased(this.#oldest);
    }
  }

  #takeEntryOf(claim: number): number {
    const entry = this.#entryOf(claim);
    if (entry !== 0) this.#setEntryOf(claim, 0);
    return entry;
  }

  #entryOf(claim: number): number {
    const page = this.#entryOfClaim[claim >>> ROW_SHIFT];
    return page === undefined ? 0 : page[claim & ROW_MASK]!;
  }

  #setEntryOf(claim: number, entry: number): void {
    const pages = this.#entryOfClaim;
    while (claim >>> ROW_SHIFT >= pages.length) pages.push(new Int32Array(ROW_MASK + 1));
    pages[claim >>> ROW_SHIFT]![claim & ROW_MASK] = entry;
  }

  #open(key: string, claim: number): number {
    const entry = this.#rows.open();
    this.#set(entry, CLAIM, claim);
    this.#keys.add(key, entry);
    this.#texts.reserve(key.length);
    return entry;
  }

  #close(entry: number): void {
    this.#texts.release(this.keyOf(entry).length);
    this.#keys.remove(entry);
    this.#rows.close(entry);
  }

  #appendReleased(entry: number, forgetAtMs: number): void {
    this.#set(entry, CLAIM, 0);
    this.#set(entry, NEXT, 0);
    this.#set(entry, PREVIOUS, this.#newest);
    this.#floats[entry >>> ROW_SHIFT]![(entry & ROW_MASK) * (STRIDE / 2) + FORGET_AT_FLOAT] = forgetAtMs;
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

  #word(entry: number, field: number): number {
    return this.#words[entry >>> ROW_SHIFT]![(entry & ROW_MASK) * STRIDE + field]!;
  }

  #set(entry: number, field: number, value: number): void {
    this.#words[entry >>> ROW_SHIFT]![(entry & ROW_MASK) * STRIDE + field] = value;
  }
}
