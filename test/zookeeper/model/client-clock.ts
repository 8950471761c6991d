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
    const callOrWait = () => {
      if (this.isStalled) end = this.#time.at(this.#stalledUntilMs, callOrWait);
      else call();
    };
    let end = this.#time.after(waitMs, callOrWait);
    return () => end();
  }

  /** Infinity: the process has died. */
  stall(durationMs: number): void {
    const untilMs = this.#time.nowMs + durationMs;
    if (untilMs <= this.#stalledUntilMs) return;
    this.stalledMs += untilMs - Math.max(this.#time.nowMs, this.#stalledUntilMs);
    this.#stalledUntilMs = untilMs;
  }
}
