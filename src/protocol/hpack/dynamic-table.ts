/** What an entry costs beyond the bytes of its name and value (RFC 7541 section 4.1). */
export const entryOverheadBytes = 32;

const capacityFirst = 8;

/**
 * The dynamic table of RFC 7541 section 2.3.2: a queue of fields, newest first, bounded by the sum of their sizes.
 * The entries stand in a ring that doubles when it is full, so that a connection pays for what its peer uses.
 * Names and values are byte strings: their length is their size in bytes.
 */
export class DynamicTable {
  /** Counts every insertion, eviction and change of size. */
  generation = 0;
  /** The number of entries. */
  length = 0;
  #names: string[] = [];
  #values: string[] = [];
  #capacityMask = -1;
  /** The slot of the next insertion. */
  #next = 0;
  #bytes = 0;
  #bytesMax: number;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  /** The name of the entry at `age`, 0 being the newest; `age` must be below `length`. */
  name(age: number): string {
    return this.#names[(this.#next - 1 - age) & this.#capacityMask]!;
  }

  /** The value of the entry at `age`, 0 being the newest; `age` must be below `length`. */
  value(age: number): string {
    return this.#values[(this.#next - 1 - age) & this.#capacityMask]!;
  }

  /** Adds an entry after making room for it; one that is larger than the whole table empties it (section 4.4). */
  insert(name: string, value: string): void {
    const bytes = name.length + value.length + entryOverheadBytes;
    this.generation++;
    this.#evictTo(this.#bytesMax - bytes);
    if (bytes > this.#bytesMax) return;
    if (this.length === this.#names.length) this.#grow();
    this.#names[this.#next] = name;
    this.#values[this.#next] = value;
    this.#next = (this.#next + 1) & this.#capacityMask;
    this.length++;
    this.#bytes += bytes;
  }

  /** Changes the size limit, evicting what no longer fits (section 4.3). */
  resize(bytesMax: number): void {
    this.generation++;
    this.#bytesMax = bytesMax;
    this.#evictTo(bytesMax);
  }

  #evictTo(bytesMax: number): void {
    while (this.length > 0 && this.#bytes > bytesMax) {
      const slot = (this.#next - this.length) & this.#capacityMask;
      this.#bytes -= this.#names[slot]!.length + this.#values[slot]!.length + entryOverheadBytes;
      // The strings are let go at once: an evicted entry may be the last that holds them.
      this.#names[slot] = '';
      this.#values[slot] = '';
      this.length--;
    }
  }

  #grow(): void {
    const capacity = Math.max(capacityFirst, this.#names.length * 2);
    const names = new Array<string>(capacity).fill('');
    const values = new Array<string>(capacity).fill('');
    for (let i = 0; i < this.length; i++) {
      const age = this.length - 1 - i;
      names[i] = this.name(age);
      values[i] = this.value(age);
    }
    this.#names = names;
    this.#values = values;
    this.#capacityMask = capacity - 1;
    this.#next = this.length;
  }
}
