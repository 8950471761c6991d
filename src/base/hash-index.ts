import { ROW_MASK, ROW_SHIFT, RowTable } from './row-table.ts';

const STRIDE = 4;
const HASH = 1;
const ROW = 2;
const NEXT = 3;

const FIRST_BUCKETS = 64;

/**
 * Finds rows by a 32-bit hash of what they contain. It knows nothing of the content: several rows may come out for
 * one hash, and the caller picks the one that it means.
 *
 * Linear hashing: each insertion beyond one entry per bucket splits one bucket in two, so the table grows by small
 * steps and never stops to rehash. It does not shrink; entries that leave are used again.
 */
export class HashIndex {
  readonly #entries = new RowTable(STRIDE);
  readonly #words = this.#entries.words;
  readonly #heads: Int32Array[] = [new Int32Array(ROW_MASK + 1)];
  /** Buckets before the round of splits that is going on: a power of two. */
  #roundBuckets = FIRST_BUCKETS;
  /** The next bucket to split; those before it are addressed with one bit more. */
  #splitBucket = 0;

  /** Rows that can be found. */
  get count(): number {
    return this.#entries.count;
  }

  /** One past the most entries that there ever were at a time. */
  get endEntry(): number {
    return this.#entries.endRow;
  }

  add(hash: number, row: number): void {
    hash |= 0;
    const entry = this.#entries.open();
    const page = this.#words[entry >>> ROW_SHIFT]!;
    const base = (entry & ROW_MASK) * STRIDE;
    const bucket = this.#bucketOf(hash);
    const heads = this.#heads[bucket >>> ROW_SHIFT]!;
    page[base + HASH] = hash;
    page[base + ROW] = row;
    page[base + NEXT] = heads[bucket & ROW_MASK]!;
    heads[bucket & ROW_MASK] = entry;
    if (this.#entries.count > this.#roundBuckets + this.#splitBucket) this.#split();
  }

  /** Removes the row that was added with this hash. Does nothing when there is none. */
  remove(hash: number, row: number): void {
    hash |= 0;
    const bucket = this.#bucketOf(hash);
    let before = 0;
    let entry = this.#heads[bucket >>> ROW_SHIFT]![bucket & ROW_MASK]!;
    while (entry !== 0 && (this.row(entry) !== row || this.#word(entry, HASH) !== hash)) {
      before = entry;
      entry = this.#word(entry, NEXT);
    }
    if (entry === 0) return;
    const next = this.#word(entry, NEXT);
    if (before === 0) this.#heads[bucket >>> ROW_SHIFT]![bucket & ROW_MASK] = next;
    else this.#setNext(before, next);
    this.#entries.close(entry);
  }

  /** The first entry with this hash, 0 when there is none. Entries are valid until the next `add` or `remove`. */
  first(hash: number): number {
    hash |= 0;
    const bucket = this.#bucketOf(hash);
    return this.#skipTo(this.#heads[bucket >>> ROW_SHIFT]![bucket & ROW_MASK]!, hash);
  }

  /** The next entry with the same hash, 0 when there is none. */
  next(entry: number): number {
    return this.#skipTo(this.#word(entry, NEXT), this.#word(entry, HASH));
  }

  row(entry: number): number {
    return this.#word(entry, ROW);
  }

  #skipTo(entry: number, hash: number): number {
    while (entry !== 0 && this.#word(entry, HASH) !== hash) entry = this.#word(entry, NEXT);
    return entry;
  }

  #word(entry: number, field: number): number {
    return this.#words[entry >>> ROW_SHIFT]![(entry & ROW_MASK) * STRIDE + field]!;
  }

  #setNext(entry: number, next: number): void {
    this.#words[entry >>> ROW_SHIFT]![(entry & ROW_MASK) * STRIDE + NEXT] = next;
  }

  #bucketOf(hash: number): number {
    const bucket = hash & (this.#roundBuckets - 1);
    return bucket < this.#splitBucket ? hash & (this.#roundBuckets * 2 - 1) : bucket;
  }

  #split(): void {
    const low = this.#splitBucket++;
    const high = low + this.#roundBuckets;
    if (high >>> ROW_SHIFT === this.#heads.length) this.#heads.push(new Int32Array(ROW_MASK + 1));
    let entry = this.#heads[low >>> ROW_SHIFT]![low & ROW_MASK]!;
    let lowHead = 0;
    let highHead = 0;
    while (entry !== 0) {
      const next = this.#word(entry, NEXT);
      if ((this.#word(entry, HASH) & this.#roundBuckets) === 0) {
        this.#setNext(entry, lowHead);
        lowHead = entry;
      } else {
        this.#setNext(entry, highHead);
        highHead = entry;
      }
      entry = next;
    }
    this.#heads[low >>> ROW_SHIFT]![low & ROW_MASK] = lowHead;
    this.#heads[high >>> ROW_SHIFT]![high & ROW_MASK] = highHead;
    if (this.#splitBucket === this.#roundBuckets) {
      this.#roundBuckets *= 2;
      this.#splitBucket = 0;
    }
  }
}
