import { jitter, pause } from './pause.ts';
import type { Transport, UnlockCall } from './transport.ts';

/** How many are remembered; beyond that the oldest ones are left to the end of their session. */
const OWED_MAX = 1_000;
const ATTEMPT_MS_MAX = 10_000;
/** What failed is tried again after a pause, twice as long each time, up to this. */
const PAUSE_MS_MAX = 5_000;

/**
 * Gives back behind the caller's back what nobody waits for any more: what a request may have been granted, a place in a
 * queue, a lock that nobody can say is held. The session that holds it may live as long as the client, so nothing but an
 * answer ends it, or the end of the client. Whoever answers in place of the server only delays it.
 */
export class GiveBacks {
  readonly #transport: Transport;
  readonly #closed: AbortSignal;
  readonly #pauseMsMin: number;
  /** What was tried in vain, oldest first. */
  readonly #owed = new Set<UnlockCall>();
  #retrying = false;

  /**
   * @param closed aborts when the client is closed
   * @param pauseMs how long to wait after the first failure, half to one and a half times as long
   */
  constructor(transport: Transport, closed: AbortSignal, pauseMs: number) {
    this.#transport = transport;
    this.#closed = closed;
    this.#pauseMsMin = Math.min(pauseMs, PAUSE_MS_MAX);
  }

  add(call: UnlockCall): void {
    void this.#addOnce(call);
  }

  async #addOnce(call: UnlockCall): Promise<void> {
    if (await this.#isAnswered(call)) return;
    this.#owed.add(call);
    if (this.#owed.size > OWED_MAX) this.#owed.delete(first(this.#owed)!);
    if (!this.#retrying) void this.#retry();
  }

  /** One after another, so that a server which is not there is asked by one call at a time, however much is owed to it. */
  async #retry(): Promise<void> {
    this.#retrying = true;
    let pauseMs = this.#pauseMsMin;
    while (this.#owed.size > 0) {
      await pause(jitter(pauseMs), [this.#closed], true);
      if (this.#closed.aborted) return;
      const call = first(this.#owed)!;
      const isAnswered = await this.#isAnswered(call);
      this.#owed.delete(call);
      if (!isAnswered) this.#owed.add(call);
      pauseMs = isAnswered ? 0 : Math.min(Math.max(pauseMs * 2, this.#pauseMsMin, 1), PAUSE_MS_MAX);
    }
    this.#retrying = false;
  }

  /** Whatever the answer is: what the server does not know it does not hold. */
  async #isAnswered(call: UnlockCall): Promise<boolean> {
    try {
      await this.#transport.unlock(call, { timeoutMs: ATTEMPT_MS_MAX, background: true });
      return true;
    } catch {
      return false;
    }
  }
}

function first<Value>(values: ReadonlySet<Value>): Value | undefined {
  return values.values().next().value;
}
