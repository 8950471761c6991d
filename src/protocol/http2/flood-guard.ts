import { Limits } from '../../base/limits.ts';

/** What refills a bucket that holds `Limits.floodTokensMax`, and what replies earn. */
const TOKENS_PER_MS = 1;
const EARNED_BY_REPLY = 8;

/** The price of a frame that asks for nothing by itself. */
export const CONTROL_FRAME_COST = 1;

/**
 * Bounds what a peer may make us do without asking for anything: a bucket of tokens that control frames empty, and
 * that time and every reply refill. A busy client, whose WINDOW_UPDATEs and resets come in proportion to the replies
 * that it takes, never meets the bottom. Requests earn nothing: those of a rapid reset never have a reply.
 *
 * The numbers: a legitimate client may cancel all of its 20,000 streams at once; a flood sends a hundred thousand
 * frames a second, all day.
 */
export class FloodGuard {
  #tokens: number = Limits.floodTokensMax;
  #nowMs: number;
  #refilledMs: number;

  constructor(nowMs: number) {
    this.#nowMs = nowMs;
    this.#refilledMs = nowMs;
  }

  /** Time is passed in, once per read. */
  advance(nowMs: number): void {
    this.#nowMs = nowMs;
  }

  /** Takes tokens. False when there are not enough: the peer floods. */
  spend(tokens: number): boolean {
    if (this.#tokens < tokens) this.#refill();
    this.#tokens -= tokens;
    return this.#tokens >= 0;
  }

  /** True when half of the tokens are gone: the peer is on its way to a flood, and better read more slowly. */
  isStrained(): boolean {
    if (this.#tokens >= Limits.floodTokensMax / 2) return false;
    this.#refill();
    return this.#tokens < Limits.floodTokensMax / 2;
  }

  /** Gives tokens for a reply that was really asked for. */
  earn(): void {
    this.#tokens = Math.min(Limits.floodTokensMax, this.#tokens + EARNED_BY_REPLY);
  }

  #refill(): void {
    const earned = (this.#nowMs - this.#refilledMs) * TOKENS_PER_MS;
    this.#refilledMs = this.#nowMs;
    this.#tokens = Math.min(Limits.floodTokensMax, this.#tokens + earned);
  }
}
