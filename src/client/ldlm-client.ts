import { EventEmitter, setMaxListeners } from 'node:events';
import { ErrorCode } from '../contract/error-code.ts';
import { allowListeners } from './allow-listeners.ts';
import { type AttemptLimits, attempts } from './attempts.ts';
import { type Claim, type Grant, readClaim } from './claim.ts';
import {
  type CheckedOptions,
  checkClientOptions,
  type LdlmClientOptions,
  type LockOptions,
  readMs,
  type WaitOptions,
} from './client-options.ts';
import { ElapsedClock } from './elapsed-clock.ts';
import { ClientClosedError, InvalidOptionError, LockWaitTimeoutError, refusalError } from './errors.ts';
import { runAndGiveBack } from './give-back.ts';
import { GiveBacks } from './give-backs.ts';
import { HeldLock, type LockOwner } from './held-lock.ts';
import { Lease } from './lease.ts';
import { LeaseKeeper } from './lease-keeper.ts';
import { LockRequests } from './lock-requests.ts';
import { openTransport } from './open-transport.ts';
import { pause } from './pause.ts';
import type { LockReply, Transport } from './transport.ts';

/** What {@link LdlmClient.tryWithLock} did. */
export type TryResult<Value> =
  | { readonly acquired: true; readonly value: Value }
  | { readonly acquired: false };

interface ClientEvents {
  /** A lock that was held is not any more, without having been unlocked. */
  lockLost: [lock: HeldLock];
}

/** How long the end of a client may take for giving its locks back one by one; closing the connection does it too. */
const CLOSE_MS_MAX = 1_000;

/**
 * A client of one lock server at a time, on a connection of its own: with `close()`, and `await using`, everything that it holds is
 * given back. It connects with its first call.
 */
export class LdlmClient extends EventEmitter<ClientEvents> implements AsyncDisposable {
  readonly #options: CheckedOptions;
  readonly #transport: Transport;
  readonly #clock = new ElapsedClock();
  readonly #giveBacks: GiveBacks;
  readonly #requests: LockRequests;
  /** By their keys. */
  readonly #held = new Map<string, HeldLock>();
  readonly #closed = new AbortController();
  #closing: Promise<void> | null = null;
  /** When the connection was lost last. */
  #droppedMs = Number.NEGATIVE_INFINITY;
  readonly #owner: LockOwner = {
    release: (lock) => this.#release(lock),
    extend: (lock, lockTimeoutMs) => this.#extend(lock, lockTimeoutMs),
    checkSession: () => this.#transport.checkSession?.(),
    forget: (lock) => void this.#held.delete(lock.key),
    lost: (lock) => {
      this.#held.delete(lock.key);
      // Whatever a listener throws is its own: nothing here stands half done because of it.
      queueMicrotask(() => this.emit('lockLost', lock));
    },
  };

  /** @throws InvalidOptionError */
  constructor(options: LdlmClientOptions = {}) {
    super();
    const checked = checkClientOptions(options);
    this.#options = checked;
    this.#transport = openTransport(checked, () => this.#holds());
    this.#giveBacks = new GiveBacks(this.#transport, this.#closed.signal, checked.retryDelayMs);
    this.#requests = new LockRequests({
      transport: this.#transport,
      clock: this.#clock,
      giveBacks: this.#giveBacks,
      limits: (name) => this.#limits(name),
    });
    this.#transport.onDrop = () => this.#dropped();
    // Whatever goes on listens to it.
    setMaxListeners(0, this.#closed.signal);
    const { signal } = options;
    if (signal === undefined) return;
    allowListeners(signal);
    const close = (): void => void this.close();
    if (signal.aborted) close();
    else signal.addEventListener('abort', close, { once: true, signal: this.#closed.signal });
  }

  /**
   * Takes a lock, and waits for it in the queue as long as `waitTimeoutMs` and `signal` allow.
   *
   * @throws LockWaitTimeoutError, ServerUnavailableError when the time was over before the server could be asked, another
   * {@link LdlmError}, or the reason of `signal`
   */
  async lock(name: string, options: WaitOptions = {}): Promise<HeldLock> {
    const lock = await this.#acquire(readClaim(name, options, this.#options), true, options.signal);
    if (lock === null) throw new LockWaitTimeoutError(name, 'timeout waiting to acquire lock');
    return lock;
  }

  /**
   * Takes a lock if it is free and nobody waits for it; null otherwise.
   *
   * @throws LdlmError, or the reason of `signal`
   */
  async tryLock(name: string, options: LockOptions = {}): Promise<HeldLock | null> {
    if ('waitTimeoutMs' in options || 'waitTimeoutSeconds' in options)
      throw new InvalidOptionError('tryLock does not wait: use lock with a wait timeout', name);
    return this.#acquire(readClaim(name, options, this.#options), false, options.signal);
  }

  /**
   * Gives a lock back by its key.
   *
   * @throws LockDoesNotExistError, InvalidLockKeyError, or another LdlmError
   */
  async unlock(name: string, key: string): Promise<void> {
    const lock = this.#heldBy(name, key);
    if (lock !== null) return void (await lock.unlock());
    const unlocked = await this.#unlockByKey(name, key);
    if (unlocked instanceof Error) throw unlocked;
  }

  /**
   * Restarts the timeout of a lock by its key.
   *
   * @param lockTimeoutMs the new timeout, counted from now
   * @throws LockDoesNotExistOrInvalidKeyError, or another LdlmError
   */
  async renew(name: string, key: string, lockTimeoutMs: number): Promise<void> {
    const timeoutMs = readMs('lockTimeout', lockTimeoutMs, undefined) ?? 0;
    if (timeoutMs === 0) throw new InvalidOptionError('lockTimeoutMs must be greater than 0', name);
    const lock = this.#heldBy(name, key);
    if (lock !== null) return lock.renew(timeoutMs);
    const call = { name, key, lockTimeoutMs: timeoutMs };
    const reply = await attempts(
      () => this.#transport.renew(call),
      () => this.#limits(name),
    );
    throwRefusal(name, reply!);
  }

  /** The older name of {@link renew}. */
  refreshLock(name: string, key: string, lockTimeoutMs: number): Promise<void> {
    return this.renew(name, key, lockTimeoutMs);
  }

  /**
   * Runs `body` with a lock, and gives it back behind it, whatever becomes of it. What `body` returned is returned also when
   * the server could not be asked to unlock: the lock then ends with its timeout, or is the error thrown if it has none.
   */
  async withLock<Value>(name: string, ...[options, body]: BodyArguments<WaitOptions, Value>): Promise<Value> {
    const [given, run] = typeof options === 'function' ? [{}, options] : [options, body!];
    return runAndGiveBack(await this.lock(name, given), run);
  }

  /** The same if the lock is free; otherwise `body` is not run. */
  async tryWithLock<Value>(
    name: string,
    ...[options, body]: BodyArguments<LockOptions, Value>
  ): Promise<TryResult<Value>> {
    const [given, run] = typeof options === 'function' ? [{}, options] : [options, body!];
    const lock = await this.tryLock(name, given);
    return lock === null ? { acquired: false } : { acquired: true, value: await runAndGiveBack(lock, run) };
  }

  /** Gives back all locks and closes the connection. What goes on rejects with {@link ClientClosedError}. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    const held = [...this.#held.values()];
    for (const lock of held) lock.lose('the client was closed');
    this.#closed.abort();
    const released: Promise<unknown>[] = held.map(({ name, key }) =>
      this.#transport.unlock({ name, key, requestId: null }),
    );
    released.push(...this.#requests.abandonAll());
    if (released.length > 0) {
      const settled = new AbortController();
      const all = Promise.allSettled(released).then(() => settled.abort());
      await Promise.race([all, pause(CLOSE_MS_MAX, [settled.signal])]);
    }
    await this.#transport.close();
  }

  async #acquire(claim: Claim, waits: boolean, signal: AbortSignal | undefined): Promise<HeldLock | null> {
    if (signal !== undefined) allowListeners(signal);
    for (;;) {
      let grant = await this.#requests.acquire(claim, waits, signal);
      if (grant === null) return null;
      // Its connection may be gone by now, and the lock with it.
      while (grant !== null && grant.askedMs <= this.#droppedMs) {
        grant = await this.#requests.rejoin(claim, grant, signal);
      }
      if (grant !== null) return this.#hold(claim, grant);
    }
  }

  #hold(claim: Claim, { key, fencingToken, requestId, sentMs, certainMs }: Grant): HeldLock {
    const { name, lockTimeoutMs, autoRenew, unattended } = claim;
    if (this.#closed.signal.aborted) {
      // Closing the connection gives it back, unless the server keeps locks without one.
      this.#transport.unlock({ name, key, requestId: null }).catch(() => {});
      throw new ClientClosedError(name);
    }
    const lock = new HeldLock(name, key, fencingToken, this.#owner);
    if (unattended) {
      lock.leave();
      return lock;
    }
    const isTimed = lockTimeoutMs > 0;
    const lease = new Lease(isTimed ? lockTimeoutMs : Number.POSITIVE_INFINITY, sentMs, certainMs);
    if (isTimed || lease.isBounded) {
      const target = { name, key, fencingToken, claim, requestId };
      const keeper = new LeaseKeeper(target, lease, {
        transport: this.#transport,
        clock: this.#clock,
        autoRenew: isTimed && autoRenew,
        lost: (why, cause) => (isTimed ? lock.lose(why, cause) : this.#loseUntimed(lock, why, cause)),
      });
      lock.keep(keeper);
    }
    this.#held.set(key, lock);
    return lock;
  }

  #holds(): boolean {
    for (const lock of this.#held.values()) if (lock.locked) return true;
    return false;
  }

  #heldBy(name: string, key: string): HeldLock | null {
    const lock = this.#held.get(key);
    return lock?.name === name ? lock : null;
  }

  async #release(lock: HeldLock): Promise<boolean> {
    const { name, key, keeper } = lock;
    const remainingMs = (): number => (lock.isOver ? 0 : (keeper?.remainingMs() ?? Number.POSITIVE_INFINITY));
    return (await this.#unlockByKey(name, key, { remainingMs })) === true;
  }

  /** True: the lock is free of the key now. False: the time is over. Otherwise what the server had against it. */
  async #unlockByKey(name: string, key: string, more: Partial<AttemptLimits> = {}): Promise<boolean | Error> {
    const mark = { repeated: false };
    const ask = (before: number) => {
      mark.repeated = before > 0;
      return this.#transport.unlock({ name, key, requestId: null }, { mark });
    };
    const reply = await attempts(ask, () => ({ ...this.#limits(name), ...more }));
    if (reply === null) return false;
    if (reply.unlocked) return true;
    const { code, message } = reply.error ?? { code: 0, message: 'the server did not unlock it' };
    // The reply to the first attempt was lost.
    const isGone = code === ErrorCode.LockDoesNotExist || code === ErrorCode.InvalidLockKey;
    return mark.repeated && isGone ? true : refusalError(name, code, message);
  }

  async #extend(lock: HeldLock, lockTimeoutMs: number | undefined): Promise<void> {
    const { name, keeper } = lock;
    if (keeper?.lease.isTimed !== true)
      throw new InvalidOptionError('the lock has no timeout that could be renewed', name);
    const timeoutMs = readMs('lockTimeout', lockTimeoutMs, undefined) ?? keeper.lease.timeoutMs;
    if (timeoutMs === 0) throw new InvalidOptionError('lockTimeoutMs must be greater than 0', name);
    const limits = () => ({ ...this.#limits(name), remainingMs: () => keeper.remainingMs() });
    const reply = await attempts(() => keeper.renew(timeoutMs), limits);
    if (reply !== null) throwRefusal(name, reply);
    // It was lost while nobody answered.
    lock.signal.throwIfAborted();
  }

  /** The session on the server is gone, or ends with its connection: what it held is free, unless a key proves the contrary. */
  #dropped(): void {
    this.#droppedMs = this.#clock.nowMs();
    for (const lock of [...this.#held.values()]) {
      if (lock.keeper?.lease.isTimed === true) lock.keeper.doubt();
      else this.#loseUntimed(lock, 'the session on the server is gone');
    }
  }

  /** Where the server still has it, no timeout ends it. */
  #loseUntimed(lock: HeldLock, why: string, cause?: unknown): void {
    lock.lose(why, cause);
    this.#giveBacks.add({ name: lock.name, key: lock.key, requestId: null });
  }

  #limits(lockName: string): AttemptLimits {
    const { retries, retryDelayMs } = this.#options;
    return { retries, retryDelayMs, closed: this.#closed.signal, lockName };
  }
}

type Body<Value> = (lock: HeldLock) => Value | Promise<Value>;
type BodyArguments<Options, Value> = [body: Body<Value>] | [options: Options, body: Body<Value>];

/** @throws LdlmError when the reply is a refusal */
function throwRefusal(name: string, { error }: LockReply): void {
  if (error !== null) throw refusalError(name, error.code, error.message);
}
