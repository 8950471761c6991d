import { defaultMaxListeners, getMaxListeners, setMaxListeners } from 'node:events';

/** As many as undici allows. */
const LISTENERS_MAX = 1_500;

/**
 * Keeps Node.js from taking the calls that one signal may end for a leak of listeners. Whoever has said how many there may
 * be is right.
 */
export function allowListeners(signal: AbortSignal): void {
  if (getMaxListeners(signal) === defaultMaxListeners) setMaxListeners(LISTENERS_MAX, signal);
}
