/** The longest time that a timer of Node.js can wait, in milliseconds. */
export const TIMER_MS_MAX = 2 ** 31 - 1;

/**
 * Resolves after `ms`, or at once when one of the signals aborts.
 *
 * @param background does not keep the process running
 */
export function pause(
  ms: number,
  signals: readonly (AbortSignal | undefined)[] = [],
  background = false,
): Promise<void> {
  if (signals.some((signal) => signal?.aborted)) return Promise.resolve();
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      for (const signal of signals) signal?.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, Math.min(ms, TIMER_MS_MAX));
    if (background) timer.unref();
    for (const signal of signals) signal?.addEventListener('abort', done, { once: true });
  });
}

/** Half to one and a half times as long, so that clients which were cut off together do not come back together. */
export function jitter(ms: number): number {
  return ms * (0.5 + Math.random());
}
