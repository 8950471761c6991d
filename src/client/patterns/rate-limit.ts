import { InvalidOptionError } from '../errors.ts';
import type { LdlmClient } from '../ldlm-client.ts';

/** How much is allowed: the same for all clients that name the limit. */
export interface RateLimitOptions {
  /** How many starts. */
  readonly permits: number;
  /** In any window of so many milliseconds. */
  readonly perMs: number;
}

/** How long one start may wait for its permit. */
export interface AcquireOptions {
  /** Gives up when it aborts. */
  readonly signal?: AbortSignal;
  /** In milliseconds. Default, and 0: for ever. */
  readonly waitTimeoutMs?: number;
}

/** A limit of starts that all clients of the server share. */
export interface RateLimit {
  /**
   * Waits for a permit, in the order in which it was asked for.
   *
   * @throws LockWaitTimeoutError, another LdlmError, or the reason of `signal`
   */
  acquire(options?: AcquireOptions): Promise<void>;
  /**
   * Whether there was a permit to be had at once: it is taken then.
   *
   * @throws LdlmError
   */
  tryAcquire(): Promise<boolean>;
  /** A function that waits for a permit and calls `call`; the permit is spent whatever becomes of the call. */
  wrap<Arguments extends unknown[], Value>(
    call: (...args: Arguments) => Value | Promise<Value>,
  ): (...args: Arguments) => Promise<Value>;
}

/**
 * Limits how often something is started, for all clients of the server together: the server grants at most `permits` in
 * any window of `perMs`. It serves the caller of a service, which waits with `acquire`, as well as the service, which
 * refuses with `tryAcquire`.
 *
 * A permit is one of the `permits` of the lock `name`, left to expire. Three things follow. The server counts from its
 * grant, so a reply that takes longer than another shifts a start by the difference. A connection that ends frees what it
 * was granted within the last `perMs`, unless the server keeps the locks of those who disconnect. And all clients have to
 * name the same `permits`, or they are refused with LockSizeMismatchError.
 *
 * @throws InvalidOptionError
 */
export function rateLimit(client: LdlmClient, name: string, { permits, perMs }: RateLimitOptions): RateLimit {
  if (!(perMs > 0)) throw new InvalidOptionError(`perMs must be greater than 0, not ${String(perMs)}`, name);
  if (!(Number.isInteger(permits) && permits > 0))
    throw new InvalidOptionError(`permits must be a whole number from 1 on, not ${String(permits)}`, name);
  const grant = { size: permits, lockTimeoutMs: perMs, unattended: true };

  const acquire = async (options: AcquireOptions = {}): Promise<void> => {
    await client.lock(name, { ...options, ...grant });
  };
  return {
    acquire,
    tryAcquire: async () => (await client.tryLock(name, grant)) !== null,
    wrap:
      (call) =>
      async (...args) => {
        await acquire();
        return call(...args);
      },
  };
}
