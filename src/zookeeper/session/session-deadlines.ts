/** A proof is sent so often, and a server given up that has said nothing for so long: shares of the session timeout. */
const PROVE_AFTER = 1 / 6;
const SILENCE_MAX = 2 / 3;

/**
 * When a session must prove that it lives, when its server is to be given up, and when the session itself is: pure, times in
 * milliseconds of a clock that never runs back.
 *
 * A session ends when the leader has not heard of it for the timeout. What was heard was sent before; so whoever counts from
 * the sending of what was answered last gives up before, and need not be told. But a follower answers pings and reads by
 * itself, also when it is cut off from its leader, and tells the leader of its sessions only every half tick. Therefore:
 *
 * - only what goes through the leader counts: greetings, writes, and `sync`, which is sent for that alone;
 * - a proof counts from the one before it, of which the leader has been told by the time that it answers this one, if half
 *   a tick is no longer than from one proof to the next: for timeouts of three ticks and more. A greeting asks the leader
 *   itself, and counts from its own sending.
 */
export class SessionDeadlines {
  #timeoutMs = 0;
  #provingMs = 0;
  #receivedMs = 0;
  /** What the leader has certainly heard of was sent then, at the earliest. */
  #provenMs = 0;

  get timeoutMs(): number {
    return this.#timeoutMs;
  }

  /** A server has taken the session, on a new connection. @param sentMs when it was asked to */
  connected(timeoutMs: number, sentMs: number, nowMs: number): void {
    this.#timeoutMs = timeoutMs;
    this.#provingMs = nowMs;
    this.#receivedMs = nowMs;
    this.#provenMs = sentMs;
  }

  /** A proof is sent. */
  sent(nowMs: number): void {
    this.#provingMs = nowMs;
  }

  /** Something came, whatever it was. */
  received(nowMs: number): void {
    this.#receivedMs = nowMs;
  }

  /** A proof was answered. @param sentMs when it was sent */
  answered(sentMs: number): void {
    this.#provenMs = Math.max(this.#provenMs, sentMs - this.#timeoutMs * PROVE_AFTER);
  }

  get proveAtMs(): number {
    return this.#provingMs + this.#timeoutMs * PROVE_AFTER;
  }

  /** From then on the server counts as gone, unless something comes. */
  get silentAtMs(): number {
    return this.#receivedMs + this.#timeoutMs * SILENCE_MAX;
  }

  get expiresAtMs(): number {
    return this.#provenMs + this.#timeoutMs;
  }
}
