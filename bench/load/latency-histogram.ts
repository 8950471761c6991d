/** Buckets are the upper 14 bits of the float32 form: 32 of them for each doubling, so a value is known to 3 %. */
const DROPPED_BITS = 18;
const BUCKETS = 1 << 13;

/** Counts latencies in milliseconds without keeping them. */
export class LatencyHistogram {
  readonly #counts = new Float64Array(BUCKETS);
  readonly #float = new Float32Array(1);
  readonly #word = new Uint32Array(this.#float.buffer);
  #total = 0;

  get total(): number {
    return this.#total;
  }

  add(ms: number): void {
    this.#float[0] = ms;
    this.#counts[this.#word[0]! >>> DROPPED_BITS]!++;
    this.#total++;
  }

  /** The latency that a share of all stays below; NaN when there are none. */
  quantile(share: number): number {
    let left = share * this.#total;
    for (let bucket = 0; bucket < BUCKETS; bucket++) {
      left -= this.#counts[bucket]!;
      if (left > 0 || this.#counts[bucket] === 0) continue;
      this.#word[0] = ((bucket << DROPPED_BITS) | (1 << (DROPPED_BITS - 1))) >>> 0;
      return this.#float[0]!;
    }
    return Number.NaN;
  }

  clear(): void {
    this.#counts.fill(0);
    this.#total = 0;
  }
}
