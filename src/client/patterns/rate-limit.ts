import { readMs } from '../client-options.ts';
import { InvalidOptionError, LockWaitTimeoutError, ServerUnavailableError } from '../errors.ts';
import type { HeldLock } from '../held-lock.ts';
import type { LdlmClient } from '../ldlm-client.ts';
import { TIMER_MS_MAX } from '../pause.ts';
import { nowMs, startBy, timeoutOf } from './rate-permit.ts';

/** How much is allowed: the same for all clients that name the limit. */
export interface RateLimitOptions {
  /** How many starts: a whole number from 1 to 2^31 - 1. */
  readonly permits: number;
  /** In any window of so many milliseconds: above 0, and up to 2^40, which is 34 years. */
  readonly perMs: number;
}

/** How long one start may wait for its permit. */
export interface AcquireOptions {
  /** Gives up when it aborts. */
  readonly signal?: AbortSignal;
  /** In milliseconds. Default, and 0: for ever. */
  readonly waitTimeoutMs?: number;
}

/** How long to ask for a permit that there is now. */
export interface TryAcquireOptions {
  /** Gives up when it aborts. */
  readonly signal?: AbortSignal;
  /** How long the server may take to answer, in milliseconds. Default 1,000; 0: for ever. */
  readonly timeoutMs?: number;
}

/** A limit of starts that all clients of the server share. */
export interface RateLimit {
  /**
   * Waits for a permit, in the order in which it was asked for. It resolves in the moment of the start, from which on the
   * window counts.
   *
   * @throws LockWaitTimeoutError, another LdlmError, or the reason of `signal`
   */
  acquire(options?: AcquireOptions): Promise<void>;
  /**
   * Whether there was a permit to be had at once: it is taken then.
   *
   * @throws ServerUnavailableError when the server has not answered within `timeoutMs`, another LdlmError, or the reason
   * of `signal`
   */
  tryAcquire(options?: TryAcquireOptions): Promise<boolean>;
  /** A function that waits for a permit and calls `call`; the permit is spent whatever becomes of the call. */
  wrap<Arguments extends unknown[], Value>(
    call: (...args: Arguments) => Value | Promise<Value>,
  ): (...args: Arguments) => Promise<Value>;
}

const TRY_MS = 1_000;
/** As seconds it fits into the 32 bits that servers of the first age read. */
const PER_MS_MAX = 2 ** 40;

/**
 * Limits how often something is started, for all clients of the server together. It serves the caller of a service, which
 * waits with `acquire`, as well as the service, which refuses with `tryAcquire`.
 *
 * What is guaranteed: in any window of `perMs`, by the server's clock and but for one turn of it, at most `permits` calls of
 * `acquire` and `tryAcquire` resolve with a permit, however long their answers have taken, as long as the connections live
 * that they came by. A permit is one of the `permits` of the lock `name`, which is held for `perMs` from then on. What the
 * program starts after that, with a pause in between, is its own.
 *
 * What is not: a connection that ends frees its permits at once, unless the server has `--no_clear_on_disconnect`. So
 * programs that connect, start something and end are not limited at all without that flag. Over REST the session holds the
 * permits, which `close` ends; those of a program that ends without it last as long as the session.
 *
 * All clients have to name the same `permits`, or they are refused with LockSizeMismatchError.
 *
 * @throws InvalidOptionError
 */
export function rateLimit(client: LdlmClient, name: string, { permits, perMs }: RateLimitOptions): RateLimit {
  checkRate(name, permits, perMs);
  const claim = { size: permits, lockTimeoutMs: timeoutOf(perMs), unattended: true };

  /** Whether there is a start: not if `ask` finds no permit. A permit that has expired meanwhile is none. */
  const start = async (ask: () => Promise<HeldLock | null>, signal?: AbortSignal): Promise<boolean> => {
    for (;;) {
      const askedMs = nowMs();
      const lock = await ask();
      if (lock === null) return false;
      if (await startBy(client, { name, key: lock.key, perMs, askedMs }, signal)) return true;
    }
  };
  const acquire = async ({ signal, waitTimeoutMs = 0 }: AcquireOptions = {}): Promise<void> => {
    const ms = readMs('waitTimeout', waitTimeoutMs, undefined) ?? 0;
    const late = (): Error => new LockWaitTimeoutError(name, 'timeout waiting for a permit');
    await withinTime({ ms, signal, late }, (limits) =>
      start(() => client.lock(name, { ...claim, ...limits }), limits.signal),
    );
  };
  const tryAcquire = async ({ signal, timeoutMs = TRY_MS }: TryAcquireOptions = {}): Promise<boolean> => {
    const ms = readMs('timeout', timeoutMs, undefined) ?? 0;
    const late = (): Error => new ServerUnavailableError(name, new Error(`no answer within ${ms} ms`));
    return withinTime({ ms, signal, late }, (limits) =>
      start(() => client.tryLock(name, { ...claim, ...limits }), limits.signal),
    );
  };
  return {
    acquire,
    tryAcquire,
    wrap:
      (call) =>
      async (...args) => {
        await acquire();
        return call(...args);
      },
  };
}

/** @throws InvalidOptionError */
function checkRate(name: string, permits: number, perMs: number): void {
  if (!(perMs > 0 && perMs <= PER_MS_MAX))
    throw new InvalidOptionError(`perMs must be greater than 0, up to 2^40, not ${String(perMs)}`, name);
  if (!(Number.isInteger(permits) && permits > 0 && permits < 2 ** 31))
    throw new InvalidOptionError(
      `permits must be a whole number from 1 on, below 2^31, not ${String(permits)}`,
      name,
    );
}

interface Patience {
  /** 0: for ever. */
  readonly ms: number;
  readonly signal: AbortSignal | undefined;
  /** What is thrown when the time is over. */
  readonly late: () => Error;
}

interface Limits {
  readonly signal?: AbortSignal;
}

async function withinTime<Value>(
  { ms, signal, late }: Patience,
  work: (limits: Limits) => Promise<Value>,
): Promise<Value> {
  if (ms === 0 || ms > TIMER_MS_MAX) return work(signal === undefined ? {} : { signal });
  const over = AbortSignal.timeout(ms);
  try {
    return await work({ signal: signal === undefined ? over : AbortSignal.any([signal, over]) });
  } catch (error) {
    throw over.aborted && error === over.reason ? late() : error;
  }
}
