const PAGE_SHIFT = 12;
const PAGE_MASK = (1 << PAGE_SHIFT) - 1;

/**
 * A 4-ary heap of deadlines, one for each id, that can be moved and removed in place: renewing a million leases
 * again and again leaves a million entries, not a pile of stale ones. The heap lies in pages of typed arrays, so
 * that growing copies nothing. Ids with equal deadlines come out in no particular order.
 */
export class DeadlineHeap {
  readonly #times: Float64Array[] = [];
  readonly #ids: Int32Array[] = [];
  /** By id: its place in the heap plus one, 0 when it is not in the heap. */
  readonly #places: Int32Array[] = [];
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** The earliest deadline, Infinity when there is none. */
  get firstMs(): number {
    return this.#size === 0 ? Number.POSITIVE_INFINITY : this.#times[0]![0]!;
  }

  /** The id with the earliest deadline, 0 when there is none. */
  get firstId(): number {
    return this.#size === 0 ? 0 : this.#ids[0]![0]!;
  }

  /** The id's deadline, Infinity when it has none. */
  deadlineMs(id: number): number {
    const place = this.#placeOf(id);
    if (place < 0) return Number.POSITIVE_INFINITY;
    return this.#times[place >>> PAGE_SHIFT]![place & PAGE_MASK]!;
  }

  /** Adds the id, or moves it when it is there. Ids are row numbers: integers from 1 on, as dense as can be. */
  set(id: number, atMs: number): void {
    let place = this.#placeOf(id);
    if (place < 0) {
      place = this.#size++;
      if (place >>> PAGE_SHIFT === this.#ids.length) this.#addPage();
      while (id >>> PAGE_SHIFT >= this.#places.length) this.#places.push(new Int32Array(PAGE_MASK + 1));
      this.#siftUp(place, id, atMs);
    } else {
      this.#settle(place, id, atMs);
    }
  }

  /** Does nothing when the id has no deadline. */
  remove(id: number): void {
    const place = this.#placeOf(id);
    if (place < 0) return;
    this.#places[id >>> PAGE_SHIFT]![id & PAGE_MASK] = 0;
    const last = --this.#size;
    if (place === last) return;
    const lastId = this.#ids[last >>> PAGE_SHIFT]![last & PAGE_MASK]!;
    this.#settle(place, lastId, this.#times[last >>> PAGE_SHIFT]![last & PAGE_MASK]!);
  }

  /** Throws nothing and returns whether every parent is due no later than its children and every place is right. */
  isConsistent(): boolean {
    for (let place = 0; place < this.#size; place++) {
      const id = this.#ids[place >>> PAGE_SHIFT]![place & PAGE_MASK]!;
      if (this.#placeOf(id) !== place) return false;
      if (place > 0 && this.#timeAt((place - 1) >>> 2) > this.#timeAt(place)) return false;
    }
    return true;
  }

  #placeOf(id: number): number {
    const page = id >>> PAGE_SHIFT;
    return page < this.#places.length ? this.#places[page]![id & PAGE_MASK]! - 1 : -1;
  }

  #timeAt(place: number): number {
    return this.#times[place >>> PAGE_SHIFT]![place & PAGE_MASK]!;
  }

  #put(place: number, id: number, atMs: number): void {
    this.#times[place >>> PAGE_SHIFT]![place & PAGE_MASK] = atMs;
    this.#ids[place >>> PAGE_SHIFT]![place & PAGE_MASK] = id;
    this.#places[id >>> PAGE_SHIFT]![id & PAGE_MASK] = place + 1;
  }

  #settle(place: number, id: number, atMs: number): void {
    if (place > 0 && atMs < this.#timeAt((place - 1) >>> 2)) this.#siftUp(place, id, atMs);
    else this.#siftDown(place, id, atMs);
  }

  #siftUp(place: number, id: number, atMs: number): void {
    while (place > 0) {
      const parent = (place - 1) >>> 2;
      const parentMs = this.#timeAt(parent);
      if (parentMs <= atMs) break;
      this.#put(place, this.#ids[parent >>> PAGE_SHIFT]![parent & PAGE_MASK]!, parentMs);
      place = parent;
    }
    this.#put(place, id, atMs);
  }

  #siftDown(place: number, id: number, atMs: number): void {
    for (;;) {
      const firstChild = place * 4 + 1;
      const endChild = Math.min(firstChild + 4, this.#size);
      let least = -1;
      let leastMs = atMs;
      for (let child = firstChild; child < endChild; child++) {
        const childMs = this.#timeAt(child);
        if (childMs < leastMs) {
          least = child;
          leastMs = childMs;
        }
      }
      if (least < 0) break;
      this.#put(place, this.#ids[least >>> PAGE_SHIFT]![least & PAGE_MASK]!, leastMs);
      place = least;
    }
    this.#put(place, id, atMs);
  }

  #addPage(): void {
    this.#times.push(new Float64Array(PAGE_MASK + 1));
    this.#ids.push(new Int32Array(PAGE_MASK + 1));
  }
}
