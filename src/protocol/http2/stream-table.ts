import type { Stream } from './stream.ts';

const SLOTS_MIN = 16;
const SLOTS_MAX = 65_536;

/**
 * The open streams of a connection by id. Clients number their streams 1, 3, 5, ..., so the open ones usually lie
 * in a narrow window: a slot array indexed by the low bits of the number finds them in one step. A stream that
 * finds its slot taken by one that has stayed open much longer goes into a Map.
 */
export class StreamTable<Plan, Call> {
  #slots: (Stream<Plan, Call> | null)[] = new Array(SLOTS_MIN).fill(null);
  #mask = SLOTS_MIN - 1;
  #strays: Map<number, Stream<Plan, Call>> | null = null;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get(id: number): Stream<Plan, Call> | null {
    const stream = this.#slots[(id >>> 1) & this.#mask]!;
    if (stream !== null && stream.id === id) return stream;
    return this.#strays === null ? null : (this.#strays.get(id) ?? null);
  }

  add(stream: Stream<Plan, Call>): void {
    if (this.#size > this.#mask >>> 1 && this.#slots.length < SLOTS_MAX) this.#resize(this.#slots.length * 2);
    this.#size++;
    this.#place(stream);
  }

  remove(stream: Stream<Plan, Call>): void {
    const slot = (stream.id >>> 1) & this.#mask;
    if (this.#slots[slot] === stream) {
      this.#slots[slot] = null;
    } else if (this.#strays === null || !this.#strays.delete(stream.id)) {
      return;
    } else if (this.#strays.size === 0) {
      this.#strays = null;
    }
    this.#size--;
    // A connection that once had thousands of waiters does not keep their slots when they are gone.
    if (this.#size === 0 && this.#slots.length > SLOTS_MIN * 16) this.#resize(SLOTS_MIN);
  }

  /** All open streams, in no order. A copy: the caller may close them while it walks. */
  list(): Stream<Plan, Call>[] {
    const streams: Stream<Plan, Call>[] = [];
    for (const stream of this.#slots) if (stream !== null) streams.push(stream);
    if (this.#strays !== null) streams.push(...this.#strays.values());
    return streams;
  }

  #place(stream: Stream<Plan, Call>): void {
    const slot = (stream.id >>> 1) & this.#mask;
    if (this.#slots[slot] === null) {
      this.#slots[slot] = stream;
    } else {
      this.#strays ??= new Map();
      this.#strays.set(stream.id, stream);
    }
  }

  #resize(slots: number): void {
    const streams = this.list();
    this.#slots = new Array(slots).fill(null);
    this.#mask = slots - 1;
    this.#strays = null;
    for (const stream of streams) this.#place(stream);
  }
}
