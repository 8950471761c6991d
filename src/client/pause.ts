/** The longest time that a timer of Node.js can wait, in milliseconds. */
export const TIMER_MS_MAX = 2 ** 31 - 1;

/** Resolves after `ms`, or at once when the signal aborts. */
export function pause(ms: number, signal?: AbortSignal): Promise<void> {
  if (signal?.aborted === true) return Promise.resolve();
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal?.addEventListener('abort', done, { once: true });
  });
}

/** Half to one and a half times as long, so that clients which were cut off together do not come back together. */
export function jitter(ms: number): number {
  return ms * (0.5 + Math.random());
}
