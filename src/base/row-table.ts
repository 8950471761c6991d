const PAGE_SHIFT = 12;

/** Rows of one page. Growing adds a page and copies nothing, so no single insertion is slow. */
const PAGE_ROWS = 1 << PAGE_SHIFT;

/** A row's page is `row >>> ROW_SHIFT`, its place within the page `row & ROW_MASK`. */
export const ROW_SHIFT = PAGE_SHIFT;
export const ROW_MASK = PAGE_ROWS - 1;

/** The first word of every row; see {@link RowTable.generation}. Fields begin at the word after it. */
const GENERATION = 0;
/** A free row's link to the next free row takes the place of its first field. */
const NEXT_FREE = 1;

/**
 * Fixed-size rows of 32-bit words in pages of typed arrays: a million of them cost the garbage collector nothing.
 *
 * A row is an integer from 1 on; 0 stands for none. Whoever owns a table fixes the number of words and names them
 * by accessors of its own; a 64-bit float takes two words and starts at an even one. Fields of a new row hold what
 * the previous use left, so whoever opens a row fills all of them.
 *
 * Owners hold a table rather than extend it: all tables are then of one shape to the engine, which doubles the speed
 * of opening and closing rows.
 */
export class RowTable {
  readonly words: Int32Array[] = [];
  /** The same bytes as `words`, for the fields that are 64-bit floats: a float's index is half of its word's. */
  readonly floats: Float64Array[] = [];
  readonly #strideWords: number;
  #freeRow = 0;
  #endRow = 1;
  #count = 0;

  /** `strideWords`: the words of a row with the generation word, an even number. */
  constructor(strideWords: number) {
    this.#strideWords = strideWords;
  }

  /** Rows in use. */
  get count(): number {
    return this.#count;
  }

  /** One past the highest row ever used: the bound for a cursor that walks all rows. */
  get endRow(): number {
    return this.#endRow;
  }

  /**
   * Counts how often the row was opened and closed; odd while it is in use. Whoever keeps a row number over time
   * keeps its generation too, and knows by it whether the number still means the same row. Wraps at 2^32.
   */
  generation(row: number): number {
    return this.words[row >>> ROW_SHIFT]![(row & ROW_MASK) * this.#strideWords + GENERATION]!;
  }

  isOpen(row: number): boolean {
    return row > 0 && row < this.#endRow && (this.generation(row) & 1) === 1;
  }

  /** Takes a free row, or a new one. */
  open(): number {
    let row = this.#freeRow;
    if (row === 0) {
      row = this.#endRow++;
      if (row >>> ROW_SHIFT === this.words.length) this.#addPage();
    }
    const page = this.words[row >>> ROW_SHIFT]!;
    const base = (row & ROW_MASK) * this.#strideWords;
    if (row === this.#freeRow) this.#freeRow = page[base + NEXT_FREE]!;
    page[base + GENERATION]!++;
    this.#count++;
    return row;
  }

  /** Gives back an open row. */
  close(row: number): void {
    const page = this.words[row >>> ROW_SHIFT]!;
    const base = (row & ROW_MASK) * this.#strideWords;
    page[base + GENERATION]!++;
    page[base + NEXT_FREE] = this.#freeRow;
    this.#freeRow = row;
    this.#count--;
  }

  #addPage(): void {
    const bytes = new ArrayBuffer(PAGE_ROWS * this.#strideWords * Int32Array.BYTES_PER_ELEMENT);
    this.words.push(new Int32Array(bytes));
    this.floats.push(new Float64Array(bytes));
  }
}
