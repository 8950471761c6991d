const FIRST_MS = 1;
const LONGEST_MS = 50;

/**
 * How long to wait between two looks at something that somebody else will change: each time twice as long as before, up
 * to 50 ms, and of that a random half to whole, so that those who wait for the same thing do not look in step.
 */
export class PollDelay {
  #longestMs = FIRST_MS;

  /** The next delay in milliseconds. */
  nextMs(): number {
    const longestMs = this.#longestMs;
    this.#longestMs = Math.min(2 * longestMs, LONGEST_MS);
    return longestMs * (0.5 + Math.random() / 2);
  }
}
