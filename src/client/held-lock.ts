import { InvalidOptionError, LockLostError } from './errors.ts';
import type { LeaseKeeper } from './lease-keeper.ts';

/** What a held lock needs of its client. */
export interface LockOwner {
  /** Gives the key back. Resolves with whether it was ours; does not try again once it `isOver`. */
  release(lock: HeldLock): Promise<boolean>;
  /** Renews by key. */
  extend(lock: HeldLock, lockTimeoutMs: number | undefined): Promise<void>;
  /** Has `lose` called now if the session may be over that holds the lock. */
  checkSession(): void;
  /** The lock is lost: called once. */
  lost(lock: HeldLock): void;
  /** Nothing is left of it that could be given back or lost. */
  forget(lock: HeldLock): void;
}

/** `unreleased`: giving it back failed. */
type State = 'held' | 'unattended' | 'releasing' | 'unreleased' | 'released' | 'lost';

/**
 * A lock that this client holds. `await using` gives it back at the end of the block.
 *
 * `locked`, and with it `signal`, errs on the safe side: it is true only while no other client can have been granted the
 * lock, as far as its timeout goes. Whatever the lock protects can be made safe beyond that with `fencingToken`.
 */
export class HeldLock implements AsyncDisposable {
  readonly name: string;
  /** What Unlock and Renew are asked with. Whoever knows it can do both. */
  readonly key: string;
  /**
   * Grows with every grant of the name. A store that remembers the largest one it has seen can refuse writers whose lock
   * was lost without their noticing. 0 from servers that give none.
   */
  readonly fencingToken: bigint;
  readonly #owner: LockOwner;
  #keeper: LeaseKeeper | null = null;
  #state: State = 'held';
  /** Ends what waits for the lock to be given back: it was lost before. */
  #giveUp: (() => void) | null = null;
  #error: LockLostError | null = null;
  #abort: AbortController | null = null;

  constructor(name: string, key: string, fencingToken: bigint, owner: LockOwner) {
    this.name = name;
    this.key = key;
    this.fencingToken = fencingToken;
    this.#owner = owner;
  }

  /** @internal Gives the lock what keeps its lease. */
  keep(keeper: LeaseKeeper): void {
    this.#keeper = keeper;
  }

  /** @internal What keeps the lease; null when neither a timeout nor the server says how long the lock lasts. */
  get keeper(): LeaseKeeper | null {
    return this.#keeper;
  }

  /** @internal Leaves the lock to its timeout. */
  leave(): void {
    this.#state = 'unattended';
  }

  /**
   * Whether it is certainly held now. After a lost connection it is not until the server has confirmed it, which it is asked
   * for at once; that may make it true again.
   */
  get locked(): boolean {
    return this.#isLeased() && (this.#keeper?.isSure ?? true);
  }

  /**
   * How long it is held from now on unless it is renewed or confirmed, in milliseconds; null where neither a timeout nor the
   * server says so.
   */
  get remainingMs(): number | null {
    if (this.#keeper === null) return null;
    return this.#isLeased() ? this.#keeper.remainingMs() : 0;
  }

  /** @internal For how long the last answer was good when it was asked for; null as with `remainingMs`. */
  get leaseMs(): number | null {
    return this.#keeper === null ? null : this.#keeper.lease.knownMs;
  }

  /** When it will be lost unless it is renewed or confirmed; null as with `remainingMs`, and for one that is not held. */
  get expiresAt(): Date | null {
    if (this.#keeper === null || !this.#isLeased()) return null;
    return new Date(Date.now() + this.#keeper.remainingMs());
  }

  /** Aborts when the lock is lost, with a {@link LockLostError} as its reason; not when it is unlocked. */
  get signal(): AbortSignal {
    this.#isLeased();
    if (this.#abort === null) {
      this.#abort = new AbortController();
      if (this.#error !== null) this.#abort.abort(this.#error);
    }
    return this.#abort.signal;
  }

  /**
   * Restarts the lock timeout. With `autoRenew` there is no need to, except to change it.
   *
   * @param lockTimeoutMs the new timeout. Default: as before.
   * @throws LockLostError, InvalidOptionError for an unattended lock, or another LdlmError
   */
  async renew(lockTimeoutMs?: number): Promise<void> {
    if (this.#state === 'unattended')
      throw new InvalidOptionError('the lock is unattended: its client can renew it by its key', this.name);
    if (!this.#isLeased()) throw this.#error ?? new LockLostError(this.name, 'it was unlocked');
    await this.#owner.extend(this, lockTimeoutMs);
  }

  /**
   * Gives the lock back. True: it was held until now. False: it was not, because it was unlocked before or is lost, or was
   * lost while the server did not answer: at its timeout, or with the session; then the client goes on giving it back.
   *
   * When it throws, the lock counts as not held any more, and is not renewed, but the server may hold it until its timeout or
   * the end of the session: to call it again asks the server again.
   *
   * @throws LdlmError when the server refuses to be asked, or cannot be reached as often as `retries` allows
   */
  async unlock(): Promise<boolean> {
    if (!this.#canBeGivenBack()) return false;
    this.#state = 'releasing';
    this.#keeper?.retire();
    try {
      const lost = new Promise<boolean>((resolve) => {
        this.#giveUp = () => resolve(false);
      });
      return await Promise.race([this.#release(), lost]);
    } catch (error) {
      if (this.#state === 'releasing') this.#state = 'unreleased';
      throw error;
    } finally {
      this.#giveUp = null;
    }
  }

  /** @internal Nobody waits any more for its being given back. */
  get isOver(): boolean {
    return this.#state !== 'releasing';
  }

  async #release(): Promise<boolean> {
    const released = await this.#owner.release(this);
    this.#finish();
    return released;
  }

  #finish(): void {
    this.#state = 'released';
    this.#keeper?.stop();
    this.#owner.forget(this);
  }

  #canBeGivenBack(): boolean {
    this.#check();
    return this.#state === 'held' || this.#state === 'unattended' || this.#state === 'unreleased';
  }

  /** Neither unlocked nor lost, as far as time goes. */
  #isLeased(): boolean {
    this.#check();
    return this.#state === 'held';
  }

  /** Notices that it is lost before anybody is told otherwise: timers may be late. */
  #check(): void {
    if (this.#state !== 'held' && this.#state !== 'unreleased') return;
    if (this.#keeper?.lease.isTimed !== true) this.#owner.checkSession();
    this.#keeper?.check();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.unlock();
  }

  /** @internal The lock is not held any more. */
  lose(why: string, cause?: unknown): void {
    if (this.#state === 'releasing' || this.#state === 'unreleased') {
      this.#finish();
      this.#giveUp?.();
    }
    if (this.#state !== 'held') return;
    this.#state = 'lost';
    this.#keeper?.stop();
    this.#error = new LockLostError(this.name, why, cause);
    this.#abort?.abort(this.#error);
    this.#owner.lost(this);
  }
}
