import { readMs } from '../client-options.ts';
import { giveBack } from '../give-back.ts';
import type { HeldLock } from '../held-lock.ts';
import type { LdlmClient } from '../ldlm-client.ts';
import { jitter, pause } from '../pause.ts';

/** What can be said about a leadership. Times in milliseconds. */
export interface LeaderOptions {
  /** Ends the wait for an election, and aborts the signal of the body. */
  readonly signal?: AbortSignal;
  /** How soon another may lead after this one has vanished. Default: the client's. */
  readonly lockTimeoutMs?: number;
  /** Shown beside the lock in listings, such as a host. Default: nothing. */
  readonly holder?: string;
  /** How long to stand back after a loss, half to one and a half times as long. Default 1,000. */
  readonly electionPauseMs?: number;
}

/**
 * What only the leader does.
 *
 * @param signal aborts when the lock is lost, with a `LockLostError`, or when the caller's signal does, with its reason
 */
export type LeaderBody<Value> = (signal: AbortSignal, lock: HeldLock) => Value | Promise<Value>;

/**
 * Waits until nobody else holds the lock `name`, and runs `body`: the primary, with any number of secondaries that do the
 * same. When the body ends, the lock is given back and its result returned, or its error thrown. A server that cannot be
 * asked to unlock does not take the result away: the lock ends with its timeout.
 *
 * When the lock is lost before that, the signal of the body aborts. Once the body has ended, with whatever result or error,
 * it stands for election again. Another may lead as soon as the lock is lost: a body that takes long to notice has to
 * protect what it writes by `lock.fencingToken`. Neither the lock nor its signal keeps a process running that does nothing
 * else.
 *
 * @throws InvalidOptionError, LdlmError, the error of `body`, or the reason of `options.signal` when it aborts outside of
 * the body
 */
export async function runWhileLeader<Value>(
  client: LdlmClient,
  name: string,
  body: LeaderBody<Value>,
  options: LeaderOptions = {},
): Promise<Value> {
  const { electionPauseMs, ...lockOptions } = options;
  const { signal } = options;
  const pauseMs = readMs('electionPause', electionPauseMs ?? 1_000, undefined) ?? 0;
  for (;;) {
    const lock = await client.lock(name, lockOptions);
    const end = await runTerm(lock, body, signal);
    // Giving a lost lock back would only hold up the next election: the server, or the client, ends it anyway.
    if (!lock.signal.aborted) {
      if (end.status === 'fulfilled') {
        await giveBack(lock);
        return end.value;
      }
      // What the body throws tells more than what giving the lock back might.
      await lock.unlock().catch(() => {});
      throw end.reason;
    }
    await pause(jitter(pauseMs), [signal]);
    signal?.throwIfAborted();
  }
}

async function runTerm<Value>(
  lock: HeldLock,
  body: LeaderBody<Value>,
  signal: AbortSignal | undefined,
): Promise<PromiseSettledResult<Value>> {
  const either = signal === undefined ? lock.signal : AbortSignal.any([signal, lock.signal]);
  const [end] = await Promise.allSettled([Promise.resolve().then(() => body(either, lock))]);
  return end;
}
