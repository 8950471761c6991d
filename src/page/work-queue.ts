/**
 * Work that waits for its turn. Each frame does as much of it as fits its time, so that the page stays at the hand of
 * who uses it however much comes in. What cannot be caught up with is given up as a whole.
 */
export class WorkQueue<T> {
  #items: T[] = [];
  #next = 0;
  #size = 0;
  readonly #sizeMax: number;
  readonly #sizeOf: (item: T) => number;

  constructor(sizeMax: number, sizeOf: (item: T) => number) {
    this.#sizeMax = sizeMax;
    this.#sizeOf = sizeOf;
  }

  get isEmpty(): boolean {
    return this.#next === this.#items.length;
  }

  /** False when there is too much: the queue is empty then. */
  push(item: T): boolean {
    this.#size += this.#sizeOf(item);
    if (this.#size > this.#sizeMax) {
      this.clear();
      return false;
    }
    this.#items.push(item);
    return true;
  }

  /** Does work for about `budgetMs`, at least one piece of it. */
  run(work: (item: T) => void, budgetMs: number, nowMs: () => number): void {
    const endMs = nowMs() + budgetMs;
    while (!this.isEmpty) {
      const item = this.#items[this.#next++]!;
      this.#size -= this.#sizeOf(item);
      work(item);
      if (nowMs() >= endMs) break;
    }
    if (this.isEmpty) this.clear();
    else if (this.#next > 1_024) {
      this.#items.splice(0, this.#next);
      this.#next = 0;
    }
  }

  clear(): void {
    this.#items = [];
    this.#next = 0;
    this.#size = 0;
  }
}
