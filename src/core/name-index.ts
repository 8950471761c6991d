import { HashIndex } from '../base/hash-index.ts';
import { ROW_MASK, ROW_SHIFT } from '../base/row-table.ts';

/**
 * Finds a lock's row by its name. A Map of strings would do the same, but stops for tens of milliseconds to rehash
 * when it has grown to some hundred thousand names, and takes more memory; this grows by small steps.
 */
export class NameIndex {
  readonly #rows = new HashIndex();
  /** By row, in pages like the rows themselves. */
  readonly #names: string[][] = [];
  readonly #seed: number;

  /** `seed`: what clients cannot know, so that they cannot choose names with one hash. */
  constructor(seed: number) {
    this.#seed = seed | 0;
  }

  /** The row of the name, 0 when it has none. */
  find(name: string): number {
    const rows = this.#rows;
    for (let entry = rows.first(this.#hash(name)); entry !== 0; entry = rows.next(entry)) {
      const row = rows.row(entry);
      if (this.name(row) === name) return row;
    }
    return 0;
  }

  name(row: number): string {
    return this.#names[row >>> ROW_SHIFT]![row & ROW_MASK]!;
  }

  add(name: string, row: number): void {
    if (row >>> ROW_SHIFT === this.#names.length) this.#names.push(new Array<string>(ROW_MASK + 1).fill(''));
    this.#names[row >>> ROW_SHIFT]![row & ROW_MASK] = name;
    this.#rows.add(this.#hash(name), row);
  }

  remove(row: number): void {
    this.#rows.remove(this.#hash(this.name(row)), row);
    this.#names[row >>> ROW_SHIFT]![row & ROW_MASK] = '';
  }

  /** Two characters a step; multiplying carries every difference upwards, and the end folds it down again. */
  #hash(name: string): number {
    const length = name.length;
    let hash = this.#seed ^ length;
    for (let i = 1; i < length; i += 2) {
      hash = Math.imul(hash ^ name.charCodeAt(i - 1) ^ (name.charCodeAt(i) << 8), 0x5bd1e995);
    }
    if ((length & 1) === 1) hash = Math.imul(hash ^ name.charCodeAt(length - 1), 0x5bd1e995);
    hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
    return hash ^ (hash >>> 13);
  }
}
