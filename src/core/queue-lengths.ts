/** Lengths for which there is room at first. */
const FIRST_LENGTHS = 64;

/**
 * Knows the longest queue of all locks, by how many locks have a queue of each length. Queues change by one waiter at
 * a time, so the longest is always found next to the one before. Costs nothing while nobody waits.
 */
export class QueueLengths {
  /** How many locks have a queue of this length; that of length 0 means nothing. */
  #locks = new Uint32Array(FIRST_LENGTHS);
  #longest = 0;

  /** The most waiters that any lock has. */
  get longest(): number {
    return this.#longest;
  }

  /** A queue has one waiter more, and now this many. */
  grown(length: number): void {
    if (length === this.#locks.length) {
      const larger = new Uint32Array(2 * length);
      larger.set(this.#locks);
      this.#locks = larger;
    }
    this.#locks[length - 1]!--;
    this.#locks[length]!++;
    if (length > this.#longest) this.#longest = length;
  }

  /** A queue has one waiter less, and now this many. */
  shrunk(length: number): void {
    this.#locks[length]!++;
    this.#locks[length + 1]!--;
    if (length + 1 === this.#longest && this.#locks[length + 1] === 0) this.#longest = length;
  }
}
