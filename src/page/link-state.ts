import { formatNumberOf, groupDigits } from './text-format.ts';

/** For how long it is said that changes were missed, once all is known again, in ms. */
const MISSED_SHOWN_MS = 10_000;

/** How the page stands with its server; the words by which style sheets know it, too. */
type LinkKind = 'connecting' | 'reading' | 'live' | 'reconnecting';

interface LinkText {
  readonly kind: LinkKind;
  readonly text: string;
}

/** Tells what is to be said of the connection. */
export class LinkState {
  #isConnected = false;
  #wasConnected = false;
  #reason = '';
  #missedCount = 0;
  #missedMs = Number.NEGATIVE_INFINITY;

  get isConnected(): boolean {
    return this.#isConnected;
  }

  /** False while the page is connecting for the first time. */
  get wasConnected(): boolean {
    return this.#wasConnected;
  }

  connected(): void {
    this.#isConnected = true;
    this.#wasConnected = true;
    this.#missedCount = 0;
    this.#missedMs = Number.NEGATIVE_INFINITY;
  }

  /** @param reason what the server said; empty when it said nothing */
  disconnected(reason: string): void {
    this.#isConnected = false;
    this.#reason = reason;
  }

  /**
   * @param missedCount changes that were not told since the connection was opened
   * @param isComplete whether all locks are known
   */
  text(missedCount: number, isComplete: boolean, nowMs: number): LinkText {
    if (!this.#isConnected) return this.#disconnectedText();
    if (missedCount > this.#missedCount) {
      this.#missedCount = missedCount;
      this.#missedMs = nowMs;
    }
    const missed = `missed ${formatNumberOf(missedCount, 'change')}`;
    if (!isComplete)
      return { kind: 'reading', text: missedCount > 0 ? `${missed}, reading anew` : 'reading' };
    const isRecent = nowMs - this.#missedMs < MISSED_SHOWN_MS;
    return { kind: 'live', text: isRecent ? `live, ${groupDigits(missedCount)} missed` : 'live' };
  }

  #disconnectedText(): LinkText {
    const kind = this.#wasConnected ? 'reconnecting' : 'connecting';
    return { kind, text: this.#reason === '' ? kind : `${kind}: ${this.#reason}` };
  }
}
