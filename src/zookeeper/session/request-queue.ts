/** First in, first out, without moving what stands behind the first. */
export class RequestQueue<Item> {
  #items: (Item | null)[] = [];
  #head = 0;

  get length(): number {
    return this.#items.length - this.#head;
  }

  push(item: Item): void {
    this.#items.push(item);
  }

  first(): Item | null {
    return this.#items[this.#head] ?? null;
  }

  shift(): Item | null {
    const item = this.first();
    if (item === null) return null;
    this.#items[this.#head++] = null;
    if (this.#head === this.#items.length) this.#reset();
    return item;
  }

  /** The first that is meant, out of its turn. */
  take(isMeant: (item: Item) => boolean): Item | null {
    const at = this.#items.findIndex((item) => item !== null && isMeant(item));
    if (at < 0) return null;
    if (at === this.#head) return this.shift();
    return this.#items.splice(at, 1)[0] ?? null;
  }

  /** All of them, in order; none is left. */
  takeAll(): Item[] {
    const items = this.#items.slice(this.#head) as Item[];
    this.#items = [];
    this.#head = 0;
    return items;
  }

  #reset(): void {
    this.#items.length = 0;
    this.#head = 0;
  }
}
