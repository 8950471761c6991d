import { Limits } from '../base/limits.ts';
import { LockMode } from '../contract/lock-mode.ts';
import { type Refusal, Refusals } from '../contract/refusal.ts';
import type { ClaimObserver } from './claim-observer.ts';
import type { LockCommand, RenewCommand, UnlockCommand } from './command.ts';
import type { CoreOptions } from './core-options.ts';
import type { CoreCounters } from './counters.ts';
import { IdleCollector } from './idle-collector.ts';
import { checkLock, checkRenew, checkUnlock } from './lock-check.ts';
import type { LockKey } from './lock-key.ts';
import { LockState } from './lock-state.ts';
import { RequestMatcher } from './request-matcher.ts';
import { SessionCloser } from './session-closer.ts';
import { CallEnd, type CoreSink } from './sink.ts';
import { type HoldObserver, SlowHolders } from './slow-holders.ts';
import { WaiterDismissal } from './waiter-dismissal.ts';

export type { CoreOptions } from './core-options.ts';

/**
 * The locks of one shard: takes commands and the time, and says who holds what.
 *
 * Times are wall milliseconds, and none may be earlier than the one before. Outcomes of Lock and TryLock go to the
 * sink, at once or later; the sink must not call the core. Everything is decided by what came in: the same calls
 * with the same times and keys give the same outcomes.
 */
export class LockCore {
  readonly #state: LockState;
  readonly #collector: IdleCollector;
  readonly #closer: SessionCloser;
  readonly #dismissal: WaiterDismissal;
  readonly #requests: RequestMatcher;
  readonly #slowHolders: SlowHolders | null;
  readonly #sliceCount: number;

  constructor(
    options: CoreOptions,
    sink: CoreSink,
    observer: ClaimObserver | null = null,
    holdObserver: HoldObserver | null = null,
  ) {
    this.#state = new LockState(options, sink, observer);
    this.#collector = new IdleCollector(this.#state, options);
    this.#closer = new SessionCloser(this.#state);
    this.#dismissal = new WaiterDismissal(this.#state);
    this.#requests = new RequestMatcher(this.#state);
    const { heldLongMs = 0, startMs } = options;
    this.#slowHolders =
      holdObserver === null || heldLongMs <= 0
        ? null
        : new SlowHolders(this.#state, holdObserver, heldLongMs, startMs);
    this.#sliceCount = options.sliceCount ?? Limits.sliceCount;
  }

  /**
   * The state behind a core: for checks, listings and snapshots, which read it between two calls and change nothing,
   * and for `LockRestorer`.
   */
  static stateOf(core: LockCore): LockState {
    return core.#state;
  }

  get counters(): CoreCounters {
    return this.#state.counters;
  }

  /** The most waiters that any lock has. */
  get longestQueue(): number {
    return this.#state.queue.longest;
  }

  /** Lock and TryLock. The outcome goes to the sink, unless the session has ended: then nobody would read it. */
  lock(command: LockCommand, nowMs: number): void {
    const state = this.#state;
    const { sink, locks } = state;
    const origin = command.origin;
    if (state.stopping) return sink.ended(origin, CallEnd.Stopping);
    if (state.suspended) return sink.ended(origin, CallEnd.Suspended);
    if (command.deadlineMs <= nowMs) {
      state.counters.deadlines++;
      return sink.ended(origin, CallEnd.Deadline);
    }
    const refusal = checkLock(command);
    if (refusal !== null) return sink.notLocked(origin, command.name, refusal);
    if (state.sessions.find(origin.session) === 0 && this.#closer.hasEnded(origin.session)) return;
    this.#endOverdue(nowMs);
    if (command.requestId !== '' && this.#requests.repeat(command, nowMs)) return;

    let lock = locks.find(command.name);
    let fits = true;
    if (lock !== 0) {
      if (locks.size(lock) !== command.size) {
        return sink.notLocked(origin, command.name, Refusals.sizeMismatch);
      }
      const permits = command.permits === 0 ? 1 : command.permits;
      fits = locks.firstWaiter(lock) === 0 && locks.fits(lock, permits, command.mode === LockMode.Shared);
      if (!fits && command.tryOnly) {
        locks.touch(lock, nowMs);
        return sink.notLocked(origin, command.name, null);
      }
    }
    const shortage = this.#makeRoom(command, lock);
    if (shortage !== null) return sink.notLocked(origin, command.name, shortage);
    if (lock === 0) lock = state.openLock(command.name, command.size);
    locks.touch(lock, nowMs);
    const claim = state.openClaim(command, lock, nowMs);
    if (!fits) return state.enqueue(claim, command, nowMs);
    state.grant(claim, nowMs);
    state.counters.immediateGrants++;
    state.sendNewGrant(command);
  }

  /**
   * Unlocks by key or, when the key names no holder, by request id. Returns null when it has released a grant or
   * taken a waiter out of the queue; the waiter's own call, if still open, ends as superseded. An id that it does
   * not find is refused for `Limits.requestMemoryMs`, should its Lock arrive late.
   */
  unlock(command: UnlockCommand, nowMs: number): Refusal | null {
    const refusal = checkUnlock(command);
    if (refusal !== null) return refusal;
    this.#endOverdue(nowMs);
    const state = this.#state;
    const lock = state.locks.find(command.name);
    if (lock !== 0) {
      state.locks.touch(lock, nowMs);
      const claim = command.keyValid ? state.holders.find(lock, command.key) : 0;
      if (claim !== 0 && state.isStanding(claim, nowMs)) {
        state.unlock(claim, nowMs);
        return null;
      }
    }
    if (command.requestId !== '' && this.#requests.unlock(command, nowMs)) return null;
    return lock === 0 ? Refusals.lockDoesNotExist : Refusals.invalidKey;
  }

  /** Ends a grant for somebody who has no part in it. False when it is over by itself at this time. */
  forceUnlock(claim: number, nowMs: number): boolean {
    const state = this.#state;
    if (!state.isStanding(claim, nowMs)) return false;
    state.locks.touch(state.claims.lock(claim), nowMs);
    state.unlock(claim, nowMs);
    return true;
  }

  /**
   * Gives back a grant that could not be delivered to the call that it answered. Nothing happens when it has
   * answered a repeat of the same request as well: the other call may hold it.
   */
  releaseUndelivered(command: UnlockCommand, nowMs: number): void {
    this.#endOverdue(nowMs);
    const state = this.#state;
    const lock = state.locks.find(command.name);
    const claim = lock === 0 || !command.keyValid ? 0 : state.holders.find(lock, command.key);
    if (claim !== 0) state.giveBack(claim, nowMs);
  }

  /**
   * Gives a lock that has a timeout a new one, counted from now; null when done. A call whose own deadline has passed
   * is not to be given to this.
   */
  renew(command: RenewCommand, nowMs: number): Refusal | null {
    const refusal = checkRenew(command);
    if (refusal !== null) return refusal;
    this.#endOverdue(nowMs);
    const state = this.#state;
    const lock = state.locks.find(command.name);
    if (lock === 0 || !command.keyValid) return Refusals.invalidKeyOnRenew;
    const claim = state.holders.find(lock, command.key);
    if (claim === 0 || !state.isStanding(claim, nowMs) || state.claims.lockTimeoutMs(claim) === 0) {
      return Refusals.invalidKeyOnRenew;
    }
    state.counters.renewals++;
    state.renew(claim, command.lockTimeoutMs, nowMs);
    return null;
  }

  /**
   * The call was given up: if it waits, it leaves the queue without an answer; if it was granted already, and no
   * other call was told the same, the grant goes back. The grant is looked for among the newest claims of the
   * session, `Limits.sliceCount` of them: the answer that crossed with this is a recent one.
   */
  cancel(sessionId: number, call: number, nowMs: number): void {
    const state = this.#state;
    const session = state.sessions.find(sessionId);
    if (session === 0) return;
    const waiter = state.queue.find(session, call);
    if (waiter !== 0) {
      state.counters.departures++;
      return state.dropWaiter(waiter, nowMs);
    }
    const grant = state.findGrant(session, call, Limits.sliceCount);
    if (grant !== 0) state.giveBack(grant, nowMs);
  }

  /** Releases what the session holds and gives up what it waits for; its calls get no answer any more. */
  endSession(sessionId: number, nowMs: number): void {
    this.#closer.end(sessionId);
    this.#closer.runSlice(nowMs, this.#sliceCount);
  }

  /** Does what is due: deadlines, and a slice of each long work that is going on. */
  advance(nowMs: number): void {
    const sliceCount = this.#sliceCount;
    this.#endOverdue(nowMs);
    if (this.#closer.isPending) this.#closer.runSlice(nowMs, sliceCount);
    if (this.#dismissal.isPending) this.#dismissal.runSlice(sliceCount);
    if (this.#state.passage.isPending) this.#state.passage.letMoreThrough(nowMs);
    this.#collector.runSlice(nowMs, sliceCount);
    if (this.#slowHolders !== null) this.#slowHolders.runSlice(nowMs, sliceCount);
    this.#state.requests.forgetOld(nowMs, sliceCount);
  }

  /** When {@link advance} wants to be called next: Infinity for never, a time in the past when work is left. */
  nextWakeMs(): number {
    if (this.#closer.isPending || this.#dismissal.isPending || this.#collector.isSweeping) return 0;
    if (this.#state.passage.isPending) return 0;
    const dueMs = Math.min(this.#state.deadlines.firstMs, this.#collector.nextSweepMs);
    const slowHolders = this.#slowHolders;
    if (slowHolders === null) return dueMs;
    return slowHolders.isWalking ? 0 : Math.min(dueMs, slowHolders.nextWalkMs);
  }

  /** Ends all waiters and every later Lock and TryLock; Unlock and Renew go on. */
  stop(nowMs: number): void {
    this.#endOverdue(nowMs);
    this.#dismissal.begin();
    this.#dismissal.runSlice(this.#sliceCount);
  }

  /** Whether the core is suspended. */
  get suspended(): boolean {
    return this.#state.suspended;
  }

  /**
   * From now on nobody is granted anything: what is decided cannot be recorded. Lock and TryLock end as suspended,
   * also repeats; who waits goes on waiting, and may time out or be cancelled. Deadlines and the ends of sessions
   * free locks as ever. `unlock` and `renew` are not to be called, because the caller could not tell of them.
   */
  suspend(): void {
    this.#state.suspended = true;
  }

  /** Ends what {@link suspend} began, and lets through who could have been granted a lock meanwhile, in slices. */
  resume(nowMs: number): void {
    this.#state.suspended = false;
    this.#endOverdue(nowMs);
    this.#state.passage.letMoreThrough(nowMs);
  }

  /**
   * Undoes a grant that could not be recorded: it is not remembered as released, and the observer does not hear of
   * it. Does nothing when there is no such grant. Who waits is let through, unless the core is suspended.
   */
  revoke(name: string, key: LockKey, nowMs: number): void {
    const { locks, holders } = this.#state;
    const lock = locks.find(name);
    const claim = lock === 0 ? 0 : holders.find(lock, key);
    if (claim !== 0) this.#state.revoke(claim, nowMs);
  }

  /** What there is no room for, null when there is room for one more claim of `lock`, 0 for a new lock. */
  #makeRoom(command: LockCommand, lock: number): Refusal | null {
    const state = this.#state;
    if (!state.hasRoomForClaim()) return Refusals.tooManyClaims;
    if (state.hasRoomFor(command, lock)) return null;
    if (this.#collector.makeRoom(command, lock, this.#sliceCount)) return null;
    return lock === 0 ? Refusals.tooManyLocks : Refusals.tooManyClaims;
  }

  /** Ends claims whose deadline has passed, in the order of their deadlines, but no more than a slice of them. */
  #endOverdue(nowMs: number): void {
    const { deadlines } = this.#state;
    if (deadlines.firstMs > nowMs) return;
    for (let left = this.#sliceCount; left > 0 && deadlines.firstMs <= nowMs; left--) {
      this.#state.endOverdue(deadlines.firstId, nowMs);
    }
  }
}
