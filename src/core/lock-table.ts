import { ROW_MASK, ROW_SHIFT, RowTable } from '../base/row-table.ts';
import { NameIndex } from './name-index.ts';

const STRIDE = 12;
const SIZE = 1;
const USED_PERMITS = 2;
const READERS = 3;
const FIRST_HOLDER = 4;
const HOLDERS = 5;
const FIRST_WAITER = 6;
const LAST_WAITER = 7;
const WAITERS = 8;
const KEYS_INDEXED = 9;
const TOUCHED_FLOAT = 10 / 2;

/**
 * The locks: one row of 48 bytes for each name, held, waited for or idle. The lists of holders and waiters are
 * linked through the claims; here stand their ends and counts.
 */
export class LockTable {
  readonly #rows = new RowTable(STRIDE);
  readonly #words = this.#rows.words;
  readonly #floats = this.#rows.floats;
  readonly #names: NameIndex;

  /** `hashSeed`: see {@link NameIndex}. */
  constructor(hashSeed: number) {
    this.#names = new NameIndex(hashSeed);
  }

  get count(): number {
    return this.#rows.count;
  }

  /** One past the highest row ever used. */
  get endRow(): number {
    return this.#rows.endRow;
  }

  isOpen(lock: number): boolean {
    return this.#rows.isOpen(lock);
  }

  /** The row of the lock, 0 when there is none by that name. */
  find(name: string): number {
    return this.#names.find(name);
  }

  open(name: string, size: number): number {
    const lock = this.#rows.open();
    const page = this.#words[lock >>> ROW_SHIFT]!;
    const base = (lock & ROW_MASK) * STRIDE;
    page[base + SIZE] = size;
    for (let field = USED_PERMITS; field <= KEYS_INDEXED; field++) page[base + field] = 0;
    this.#names.add(name, lock);
    return lock;
  }

  close(lock: number): void {
    this.#names.remove(lock);
    this.#rows.close(lock);
  }

  name(lock: number): string {
    return this.#names.name(lock);
  }

  size(lock: number): number {
    return this.#word(lock, SIZE);
  }

  /** For a lock that nobody holds or waits for. */
  setSize(lock: number, size: number): void {
    this.#set(lock, SIZE, size);
  }

  /** Permits taken by exclusive holders; readers take none, so that any number of them fits. */
  usedPermits(lock: number): number {
    return this.#word(lock, USED_PERMITS);
  }

  /** Holders in shared mode. */
  readers(lock: number): number {
    return this.#word(lock, READERS);
  }

  /** Whether a claim would fit beside the holders of now. Who waits already is not asked. */
  fits(lock: number, permits: number, shared: boolean): boolean {
    const page = this.#words[lock >>> ROW_SHIFT]!;
    const base = (lock & ROW_MASK) * STRIDE;
    const used = page[base + USED_PERMITS]!;
    return shared ? used === 0 : page[base + READERS] === 0 && permits <= page[base + SIZE]! - used;
  }

  /** Counts a holder in, as the first of the list. Returns how many holders there are. */
  addHolder(lock: number, claim: number, permits: number, shared: boolean): number {
    const page = this.#words[lock >>> ROW_SHIFT]!;
    const base = (lock & ROW_MASK) * STRIDE;
    if (shared) page[base + READERS]!++;
    else page[base + USED_PERMITS]! += permits;
    page[base + FIRST_HOLDER] = claim;
    return ++page[base + HOLDERS]!;
  }

  /** Counts a holder out. Returns how many holders there are. */
  removeHolder(lock: number, permits: number, shared: boolean): number {
    const page = this.#words[lock >>> ROW_SHIFT]!;
    const base = (lock & ROW_MASK) * STRIDE;
    if (shared) page[base + READERS]!--;
    else page[base + USED_PERMITS]! -= permits;
    return --page[base + HOLDERS]!;
  }

  holders(lock: number): number {
    return this.#word(lock, HOLDERS);
  }

  firstHolder(lock: number): number {
    return this.#word(lock, FIRST_HOLDER);
  }

  setFirstHolder(lock: number, claim: number): void {
    this.#set(lock, FIRST_HOLDER, claim);
  }

  waiters(lock: number): number {
    return this.#word(lock, WAITERS);
  }

  /** Returns how many waiters there are then. */
  addWaiters(lock: number, change: number): number {
    const waiters = this.#word(lock, WAITERS) + change;
    this.#set(lock, WAITERS, waiters);
    return waiters;
  }

  firstWaiter(lock: number): number {
    return this.#word(lock, FIRST_WAITER);
  }

  setFirstWaiter(lock: number, claim: number): void {
    this.#set(lock, FIRST_WAITER, claim);
  }

  lastWaiter(lock: number): number {
    return this.#word(lock, LAST_WAITER);
  }

  setLastWaiter(lock: number, claim: number): void {
    this.#set(lock, LAST_WAITER, claim);
  }

  /** Whether the holders' keys stand in the index of keys. */
  areKeysIndexed(lock: number): boolean {
    return this.#word(lock, KEYS_INDEXED) !== 0;
  }

  setKeysIndexed(lock: number, indexed: boolean): void {
    this.#set(lock, KEYS_INDEXED, indexed ? 1 : 0);
  }

  /** When the lock was last used: what its idle time counts from. */
  touchedMs(lock: number): number {
    return this.#floats[lock >>> ROW_SHIFT]![(lock & ROW_MASK) * (STRIDE / 2) + TOUCHED_FLOAT]!;
  }

  touch(lock: number, nowMs: number): void {
    this.#floats[lock >>> ROW_SHIFT]![(lock & ROW_MASK) * (STRIDE / 2) + TOUCHED_FLOAT] = nowMs;
  }

  #word(lock: number, field: number): number {
    return this.#words[lock >>> ROW_SHIFT]![(lock & ROW_MASK) * STRIDE + field]!;
  }

  #set(lock: number, field: number, value: number): void {
    this.#words[lock >>> ROW_SHIFT]![(lock & ROW_MASK) * STRIDE + field] = value;
  }
}
