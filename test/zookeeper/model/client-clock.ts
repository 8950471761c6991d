import type { SessionClock } from '../../../src/zookeeper/nodes.ts';
import type { VirtualTime } from './virtual-time.ts';

/**
 * The clock of one process, with an origin of its own. While the process is stalled, as by a blocked event loop or a
 * paused machine, its clock goes on but nothing of it is called; then all that is overdue is, in order.
 */
export class ClientClock implements SessionClock {
  /** How long the process was stalled altogether. */
  stalledMs = 0;
  readonly #time: VirtualTime;
  readonly #originMs: number;
  readonly #overdue: Timer[] = [];
  #stalledUntilMs = 0;

  constructor(time: VirtualTime, originMs: number) {
    this.#time = time;
    this.#originMs = originMs;
  }

  nowMs(): number {
    return this.#time.nowMs + this.#originMs;
  }

  get isStalled(): boolean {
    return this.#time.nowMs < this.#stalledUntilMs;
  }

  /** When it goes on, or went on after it was stalled last, by virtual time. */
  get stalledUntilMs(): number {
    return this.#stalledUntilMs;
  }

  after(waitMs: number, call: () => void): () => void {
    const timer: Timer = { call };
    const end = this.#time.after(waitMs, () => {
      if (!this.isStalled && this.#overdue.length === 0) return call();
      this.#overdue.push(timer);
      if (this.#overdue.length === 1) this.#awaitEnd();
    });
    return () => {
      end();
      timer.call = null;
    };
  }

  /** Infinity: the process has died. */
  stall(durationMs: number): void {
    const untilMs = this.#time.nowMs + durationMs;
    if (untilMs <= this.#stalledUntilMs) return;
    this.stalledMs += untilMs - Math.max(this.#time.nowMs, this.#stalledUntilMs);
    this.#stalledUntilMs = untilMs;
  }

  /** Calls what is overdue, one after the other, and nothing before that; it may be stalled again meanwhile. */
  #awaitEnd(): void {
    this.#time.at(this.#stalledUntilMs, () => {
      if (!this.isStalled) this.#overdue.shift()!.call?.();
      if (this.#overdue.length > 0) this.#awaitEnd();
    });
  }
}

interface Timer {
  /** Null: it was ended. */
  call: (() => void) | null;
}
