import {
  AuthenticationError,
  CallFailedError,
  ClientClosedError,
  type LdlmError,
  ServerUnavailableError,
  TlsError,
} from './errors.ts';
import { jitter, pause } from './pause.ts';
import { TransportError } from './transport.ts';

export interface AttemptLimits {
  /** How often to try again. */
  readonly retries: number;
  readonly retryDelayMs: number;
  /** Says how long there is still time, in milliseconds. Default: for ever. */
  readonly remainingMs?: (() => number) | undefined;
  /** What to throw when it is over. Default: nothing, and null is returned. */
  readonly late?: ((cause: TransportError) => LdlmError) | undefined;
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
  let failures = 0;
  for (let before = 0; ; before++) {
    try {
      return await attempt(before);
    } catch (error) {
      const mayGoOn = isCut(error) ? maySendAgain(limits()) : await mayTryAgain(error, failures++, limits());
      if (!mayGoOn) return null;
    }
  }
}

/** Rejects when it is of no use, resolves with false when the time is over, and with true after a pause. */
async function mayTryAgain(error: unknown, failures: number, limits: AttemptLimits): Promise<boolean> {
  const { signal, closed, retries, retryDelayMs, remainingMs, late, lockName } = limits;
  checkEnd(limits);
  if (!(error instanceof TransportError)) throw error;
  if (error.kind !== 'unavailable' && error.kind !== 'unanswered') throw failureOf(error, lockName);
  if (failures >= retries) throw new ServerUnavailableError(lockName, error);
  const delayMs = jitter(retryDelayMs);
  const leftMs = remainingMs?.() ?? Number.POSITIVE_INFINITY;
  if (leftMs > 0) await pause(Math.min(delayMs, leftMs), [signal, closed]);
  checkEnd(limits);
  if (delayMs < leftMs) return true;
  if (late !== undefined) throw late(error);
  return false;
}

/** A wait that was cut off has found the server there, and lasted a while: it counts as no failure, and needs no pause. */
function maySendAgain(limits: AttemptLimits): boolean {
  checkEnd(limits);
  return limits.remainingMs === undefined || limits.remainingMs() > 0;
}

function checkEnd({ signal, closed, lockName }: AttemptLimits): void {
  signal?.throwIfAborted();
  if (closed.aborted) throw new ClientClosedError(lockName);
}

function isCut(error: unknown): boolean {
  return error instanceof TransportError && error.kind === 'cut';
}

function failureOf(error: TransportError, lockName: string): LdlmError {
  if (error.kind === 'unauthenticated') return new AuthenticationError(lockName, error);
  if (error.kind === 'insecure') return new TlsError(lockName, error);
  return new CallFailedError(lockName, error);
}
