/** A grant with a lock timeout is renewed after this share of it. */
const RENEW_AFTER = 1 / 3;
/** At the latest after so long, because a server frees what a connection holds that it takes for dead, whatever its timeout. */
const RENEW_MS_MAX = 20_000;
/** The clocks of two machines may run so differently, and a good deal less. */
const DRIFT = 1 / 1000;
/** How long to wait after a renewal that was not answered: twice as long each time, up to a share of the timeout. */
const RETRY_MS_MIN = 25;
const RETRY_AFTER_MAX = 1 / 20;

/**
 * How long a grant certainly lasts that has a lock timeout, or whose server can answer for it for a while only: pure, times in
 * milliseconds of one clock that never runs back.
 *
 * The server counts from the grant or the renewal, which is after the request was sent. So whoever counts from the moment
 * of sending the request that was answered last gives up before the server does, however long anything took. The same holds for
 * how long the server says that it can answer for the lock, whose keeping may end before the timeout.
 */
export class Lease {
  timeoutMs: number;
  /** From then on the lock may be somebody else's. */
  deadlineMs: number;
  /** When to renew next, or to ask whether the lock is held. */
  renewMs: number;
  /** When the request was sent that was answered last. */
  sentMs: number;
  /** For how long from then on the server can answer for the lock. */
  #certainMs: number;
  /** When the timeout is over. */
  #timeoutAtMs: number;
  #retryMs = RETRY_MS_MIN;

  /**
   * @param timeoutMs infinite for none
   * @param sentMs when the request was sent that the grant answers
   * @param certainMs infinite where the timeout alone counts
   */
  constructor(timeoutMs: number, sentMs: number, certainMs = Number.POSITIVE_INFINITY) {
    this.timeoutMs = timeoutMs;
    this.sentMs = sentMs;
    this.#certainMs = certainMs;
    this.#timeoutAtMs = deadlineOf(sentMs, timeoutMs);
    this.deadlineMs = Math.min(this.#timeoutAtMs, deadlineOf(sentMs, certainMs));
    this.renewMs = this.#renewAfter(sentMs);
  }

  /** Whether the lock ends by itself where nobody renews it. */
  get isTimed(): boolean {
    return this.timeoutMs !== Number.POSITIVE_INFINITY;
  }

  /** Whether the server can answer for the lock for less time than its timeout, and has to be asked in between. */
  get isBounded(): boolean {
    return this.#certainMs !== Number.POSITIVE_INFINITY;
  }

  isOver(nowMs: number): boolean {
    return nowMs >= this.deadlineMs;
  }

  /** A renewal that was sent then was answered: the lock is held. */
  renewed(sentMs: number, timeoutMs: number, certainMs = Number.POSITIVE_INFINITY): void {
    // Of two renewals the one that was sent last counts, whichever answer comes first.
    if (sentMs < this.sentMs) return;
    this.timeoutMs = timeoutMs;
    this.#timeoutAtMs = deadlineOf(sentMs, timeoutMs);
    this.confirmed(sentMs, certainMs);
  }

  /** The lock is held, and its timeout goes on as before. */
  confirmed(sentMs: number, certainMs: number): void {
    if (sentMs < this.sentMs) return;
    this.sentMs = sentMs;
    this.#certainMs = certainMs;
    this.deadlineMs = Math.min(this.#timeoutAtMs, deadlineOf(sentMs, certainMs));
    this.renewMs = this.#renewAfter(sentMs);
    this.#retryMs = RETRY_MS_MIN;
  }

  /** A renewal is sent now. If it shortens the lease, it may do so whether or not there is an answer. */
  renewing(sentMs: number, timeoutMs: number): void {
    this.#timeoutAtMs = Math.min(this.#timeoutAtMs, deadlineOf(sentMs, timeoutMs));
    this.deadlineMs = Math.min(this.deadlineMs, this.#timeoutAtMs);
  }

  /** A renewal failed in a way that says nothing about the lock. */
  failed(nowMs: number): void {
    this.renewMs = nowMs + this.#retryMs;
    this.#retryMs = Math.max(RETRY_MS_MIN, Math.min(this.#retryMs * 2, this.knownMs * RETRY_AFTER_MAX));
  }

  /** Whether the lock is to be renewed now: the connection that held it is gone. */
  hurry(nowMs: number): void {
    this.renewMs = Math.min(this.renewMs, nowMs);
    this.#retryMs = RETRY_MS_MIN;
  }

  /** For how long an answer is good. */
  get knownMs(): number {
    return Math.min(this.timeoutMs, this.#certainMs);
  }

  #renewAfter(sentMs: number): number {
    return sentMs + Math.min(this.knownMs * RENEW_AFTER, RENEW_MS_MAX);
  }
}

function deadlineOf(sentMs: number, timeoutMs: number): number {
  return sentMs + timeoutMs * (1 - DRIFT);
}
