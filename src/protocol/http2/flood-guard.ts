/**
 * Bounds what a peer may make us do without asking for anything: a bucket of tokens that control frames empty,
 * time refills, and every request refills a little, so that a busy client, whose frames come in proportion to its
 * requests, never meets the bottom. Time is passed in.
 *
 * The numbers: a legitimate client may cancel all of its 20,000 streams at once; a flood sends a hundred thousand
 * frames a second, all day.
 */
export class FloodGuard {
  #tokens: number;
  #refilledMs: number;
  readonly #tokensMax: number;
  readonly #perMs: number;

  constructor(nowMs: number, tokensMax: number, tokensPerSecond: number) {
    this.#tokens = tokensMax;
    this.#tokensMax = tokensMax;
    this.#perMs = tokensPerSecond / 1000;
    this.#refilledMs = nowMs;
  }

  /** Takes tokens. False when there are not enough: the peer floods. */
  spend(tokens: number, nowMs: number): boolean {
    if (this.#tokens < tokens) this.#refill(nowMs);
    this.#tokens -= tokens;
    return this.#tokens >= 0;
  }

  /** Gives tokens for work that was really asked for. */
  earn(tokens: number): void {
    this.#tokens = Math.min(this.#tokensMax, this.#tokens + tokens);
  }

  #refill(nowMs: number): void {
    const earned = (nowMs - this.#refilledMs) * this.#perMs;
    this.#refilledMs = nowMs;
    this.#tokens = Math.min(this.#tokensMax, this.#tokens + earned);
  }
}
