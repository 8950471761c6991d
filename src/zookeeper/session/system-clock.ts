import { ElapsedClock } from '../../base/elapsed-clock.ts';
import type { SessionClock } from '../nodes.ts';

/** The longest time that a timer of Node.js can wait. */
const TIMER_MS_MAX = 2 ** 31 - 1;

/** The clock and the timers of this machine. */
export class SystemClock implements SessionClock {
  readonly #elapsed = new ElapsedClock(Date.now, () => performance.now());

  nowMs(): number {
    return this.#elapsed.nowMs();
  }

  after(waitMs: number, call: () => void): () => void {
    const timer = setTimeout(call, Math.min(Math.max(waitMs, 0), TIMER_MS_MAX));
    timer.unref();
    return () => clearTimeout(timer);
  }
}
