/**
 * The server's time, as the page reckons it from what it is told. A message is late by its way, never early, so the
 * reading that is furthest ahead is the nearest to the truth.
 */
export class ServerClock {
  #aheadMs = Number.NEGATIVE_INFINITY;

  /** A new connection, perhaps to a server whose clock differs. */
  restart(): void {
    this.#aheadMs = Number.NEGATIVE_INFINITY;
  }

  /** @param localMs the page's own monotonic time at which it was told */
  told(serverMs: number, localMs: number): void {
    this.#aheadMs = Math.max(this.#aheadMs, serverMs - localMs);
  }

  /** What the server's clock says at a time of the page; `fallbackMs` until it has said anything. */
  nowMs(localMs: number, fallbackMs: number): number {
    return Number.isFinite(this.#aheadMs) ? localMs + this.#aheadMs : fallbackMs;
  }
}
