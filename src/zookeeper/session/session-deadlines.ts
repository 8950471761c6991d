/** Shares of the session timeout, as ZooKeeper's own client has them: a ping is sent, and a server is given up. */
const PING_AFTER = 1 / 3;
const SILENCE_MAX = 2 / 3;

/**
 * When a session must ping, when its server is to be given up, and when the session itself is: pure, times in milliseconds
 * of a clock that never runs back.
 *
 * A server ends a session that it has not heard of for the timeout. What it heard, it heard after it was sent; so whoever
 * counts from the sending of the last request that was answered gives up before the server does, and need not be told.
 */
export class SessionDeadlines {
  #timeoutMs = 0;
  #sentMs = 0;
  #receivedMs = 0;
  /** When the request was sent that was answered last. */
  #answeredMs = 0;

  get timeoutMs(): number {
    return this.#timeoutMs;
  }

  /** A server has taken the session, on a new connection. @param sentMs when it was asked to */
  connected(timeoutMs: number, sentMs: number, nowMs: number): void {
    this.#timeoutMs = timeoutMs;
    this.#sentMs = nowMs;
    this.#receivedMs = nowMs;
    this.#answeredMs = sentMs;
  }

  sent(nowMs: number): void {
    this.#sentMs = nowMs;
  }

  /** Something came, whatever it was. */
  received(nowMs: number): void {
    this.#receivedMs = nowMs;
  }

  answered(sentMs: number): void {
    if (sentMs > this.#answeredMs) this.#answeredMs = sentMs;
  }

  get pingAtMs(): number {
    return this.#sentMs + this.#timeoutMs * PING_AFTER;
  }

  /** From then on the server counts as gone, unless something comes. */
  get silentAtMs(): number {
    return this.#receivedMs + this.#timeoutMs * SILENCE_MAX;
  }

  get expiresAtMs(): number {
    return this.#answeredMs + this.#timeoutMs;
  }
}
