/** A turn is remembered for one to two of these, so that a scraper sees every long one, and no old one for ever. */
const WINDOW_MS = 30_000;

/**
 * The longest turn of a shard's loop of late. It reads no clock: what a turn took is told by the beginning of the next
 * one, or of the sleep behind it.
 */
export class LongestTurn {
  /** When the turn that goes on began; NaN while the shard sleeps. */
  #beganMs = Number.NaN;
  #windowEndMs = Number.NEGATIVE_INFINITY;
  #longestMs = 0;
  #longestBeforeMs = 0;

  /** A turn begins. Returns the longest so far, in milliseconds. */
  begin(nowMs: number): number {
    this.end(nowMs);
    this.#beganMs = nowMs;
    if (nowMs >= this.#windowEndMs) {
      const isNext = nowMs < this.#windowEndMs + WINDOW_MS;
      this.#longestBeforeMs = isNext ? this.#longestMs : 0;
      this.#longestMs = 0;
      this.#windowEndMs = nowMs + WINDOW_MS;
    }
    return Math.max(this.#longestMs, this.#longestBeforeMs);
  }

  /** The turn is over and none follows at once. */
  end(nowMs: number): void {
    const tookMs = nowMs - this.#beganMs;
    if (tookMs > this.#longestMs) this.#longestMs = tookMs;
    this.#beganMs = Number.NaN;
  }
}
