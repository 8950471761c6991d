import { defaultMaxListeners, getMaxListeners, setMaxListeners } from 'node:events';
import type { SessionClock } from '../nodes.ts';

/** The longest time that a timer of Node.js can wait: 24 days. Who would wait longer waits for ever. */
const TIMER_MS_MAX = 2 ** 31 - 1;

/** As many as undici allows for. */
const LISTENERS_MAX = 1_500;

export interface TimeLimits<Value> {
  /** Null: for ever. */
  readonly timeoutMs: number | null;
  readonly signal?: AbortSignal | undefined;
  /** What to reject with when the time is over. */
  readonly late: (timeoutMs: number) => Error;
  /** Called when nobody waits for the work any more. */
  readonly giveUp: () => void;
  /** Called with what the work comes to all the same. */
  readonly giveBack: (value: Value) => void;
}

/** Resolves as the work does, unless the time is over or the signal aborts before that. */
export function withinTime<Value>(
  clock: SessionClock,
  work: Promise<Value>,
  { timeoutMs, signal, late, giveUp, giveBack }: TimeLimits<Value>,
): Promise<Value> {
  return new Promise((resolve, reject) => {
    let isOver = false;
    const end = (settle: () => void): void => {
      isOver = true;
      endTimer();
      signal?.removeEventListener('abort', abort);
      settle();
    };
    const leave = (error: unknown): void => {
      if (isOver) return;
      end(() => reject(error));
      giveUp();
    };
    const abort = (): void => leave(signal?.reason);
    const endTimer =
      timeoutMs === null || timeoutMs > TIMER_MS_MAX
        ? () => {}
        : clock.after(timeoutMs, () => leave(late(timeoutMs)));
    if (signal !== undefined) listen(signal, abort);
    work.then(
      (value) => (isOver ? giveBack(value) : end(() => resolve(value))),
      (error) => (isOver ? undefined : end(() => reject(error))),
    );
  });
}

/** One signal may end very many requests, which is no leak; unless its owner has said how many, Node.js warns of eleven. */
function listen(signal: AbortSignal, abort: () => void): void {
  if (getMaxListeners(signal) === defaultMaxListeners) setMaxListeners(LISTENERS_MAX, signal);
  signal.addEventListener('abort', abort, { once: true });
}
