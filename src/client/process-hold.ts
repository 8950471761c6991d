import { TIMER_MS_MAX } from './pause.ts';

/**
 * Keeps the process running while somebody waits. Sockets cannot: the same ones carry what somebody waits for and what goes
 * on behind everybody's back, which no process is to wait for.
 */
export class ProcessHold {
  #waiting = 0;
  #timer: NodeJS.Timeout | undefined;

  async during<Value>(work: Promise<Value>): Promise<Value> {
    if (this.#waiting++ === 0) this.#timer = setInterval(() => {}, TIMER_MS_MAX);
    try {
      return await work;
    } finally {
      if (--this.#waiting === 0) clearInterval(this.#timer);
    }
  }
}
