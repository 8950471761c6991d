import {
  AuthenticationError,
  CallFailedError,
  ClientClosedError,
  type LdlmError,
  ServerUnavailableError,
} from './errors.ts';
import { jitter, pause } from './pause.ts';
import { TransportError } from './transport.ts';

export interface AttemptLimits {
  /** How often to try again. */
  readonly retries: number;
  readonly retryDelayMs: number;
  /** Says how long there is still time, in milliseconds. Default: for ever. */
  readonly remainingMs?: (() => number) | undefined;
  /** The caller's. */
  readonly signal?: AbortSignal | undefined;
  /** The client's. */
  readonly closed: AbortSignal;
  readonly lockName: string;
}

/**
 * Makes a call until it is answered, again only when the server could not be reached: everything else is an answer.
 *
 * @param attempt is told how many have gone before
 * @param limits is asked when an attempt has failed: most calls never need to know
 * @returns null when the time is over
 * @throws LdlmError, and the reason of `signal` when it aborts
 */
export async function attempts<Reply>(
  attempt: (before: number) => Promise<Reply>,
  limits: () => AttemptLimits,
): Promise<Reply | null> {
  for (let before = 0; ; before++) {
    try {
      return await attempt(before);
    } catch (error) {
      if (!(await mayTryAgain(error, before, limits()))) return null;
    }
  }
}

/** Rejects when it is of no use, resolves with false when the time is over, and with true after a pause. */
async function mayTryAgain(error: unknown, before: number, limits: AttemptLimits): Promise<boolean> {
  const { signal, closed, retries, retryDelayMs, remainingMs, lockName } = limits;
  const checkEnd = (): void => {
    signal?.throwIfAborted();
    if (closed.aborted) throw new ClientClosedError(lockName);
  };
  checkEnd();
  if (!(error instanceof TransportError)) throw error;
  if (error.kind !== 'unavailable' && error.kind !== 'unanswered') throw failureOf(error, lockName);
  if (before >= retries) throw new ServerUnavailableError(lockName, error);
  const delayMs = jitter(retryDelayMs);
  const leftMs = remainingMs?.() ?? Number.POSITIVE_INFINITY;
  if (leftMs <= 0) return false;
  await pause(Math.min(delayMs, leftMs), [signal, closed]);
  checkEnd();
  return delayMs < leftMs;
}

function failureOf(error: TransportError, lockName: string): LdlmError {
  return error.kind === 'unauthenticated'
    ? new AuthenticationError(lockName, error)
    : new CallFailedError(lockName, error);
}
