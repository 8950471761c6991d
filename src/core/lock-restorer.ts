import { Limits } from '../base/limits.ts';
import { LockMode } from '../contract/lock-mode.ts';
import { ClaimView } from './claim-view.ts';
import type { LockCommand } from './command.ts';
import { LockCore } from './lock-core.ts';
import type { LockKey } from './lock-key.ts';
import type { LockState } from './lock-state.ts';
import type { FencingToken } from './sink.ts';

/** What a replay builds: the state of one core, or of several. */
export type RestoreTarget = Omit<LockRestorer, 'begin'>;

/**
 * Brings back into a new core what another one held: one call for each thing that was recorded, in their order, then
 * {@link begin}, then the first command. Neither sink nor observer hears of it, and no room is asked for: what was
 * held once is held again. Names, holder texts and request ids are byte strings.
 *
 * What returns a boolean returns false when the record contradicts what is there, and then changes nothing.
 */
export class LockRestorer {
  readonly #state: LockState;
  readonly #forgottenMs: number;

  /**
   * @param forgottenMs released request ids whose time was over by then are not brought back. Records of one core come
   * in the order of their times, and need no such help; those of several cores do not, and then the memory, which is
   * bounded, would forget those that still count for those that do not.
   */
  constructor(core: LockCore, forgottenMs = Number.NEGATIVE_INFINITY) {
    this.#state = LockCore.stateOf(core);
    this.#forgottenMs = forgottenMs;
  }

  /**
   * A grant that was held from `sinceMs` on, with all fields of the command but those that say how to answer and how
   * long to wait. It belongs to no session; `session` is the one that it had. `deadlineMs` is Infinity for none.
   * False also when it is there already.
   */
  grant(
    command: LockCommand,
    token: FencingToken,
    session: number,
    sinceMs: number,
    deadlineMs: number,
  ): boolean {
    const state = this.#state;
    const { name, size, requestId } = command;
    let lock = state.locks.find(name);
    if (lock !== 0 && !this.#hasRoomFor(command, lock)) return false;
    const requestKey = requestId === '' ? '' : state.requests.keyFor(name, requestId);
    // A grant proves that its id was forgotten, though nothing was recorded of it.
    if (requestKey !== '' && !state.requests.free(requestKey)) return false;
    if (lock === 0) lock = state.openLock(name, size);
    else state.locks.setSize(lock, size);
    state.locks.touch(lock, sinceMs);
    const claim = state.claims.open(command, lock, sinceMs);
    state.claims.setFormerSession(claim, session);
    state.texts.reserve(command.holder.length);
    if (requestKey !== '') state.requests.bindKey(requestKey, claim);
    state.holders.add(claim, token, sinceMs);
    state.counters.holders++;
    if (deadlineMs !== Number.POSITIVE_INFINITY) state.deadlines.set(claim, deadlineMs);
    state.raiseTokens(token.high, token.low);
    return true;
  }

  /** A grant ended. */
  release(name: string, key: LockKey, nowMs: number): boolean {
    const state = this.#state;
    const claim = this.#find(name, key);
    if (claim === 0) return false;
    state.locks.touch(state.claims.lock(claim), nowMs);
    state.holders.remove(claim);
    state.counters.holders--;
    if (state.claims.hasRequest(claim)) {
      if (nowMs + Limits.requestMemoryMs > this.#forgottenMs) state.requests.release(claim, nowMs);
      else state.requests.unbind(claim);
    }
    state.closeClaim(claim);
    return true;
  }

  /** A grant got a new timeout. `deadlineMs` is Infinity for none. */
  renew(name: string, key: LockKey, lockTimeoutMs: number, deadlineMs: number): boolean {
    const { claims, deadlines } = this.#state;
    const claim = this.#find(name, key);
    if (claim === 0) return false;
    claims.setLockTimeoutMs(claim, lockTimeoutMs);
    if (deadlineMs === Number.POSITIVE_INFINITY) deadlines.remove(claim);
    else deadlines.set(claim, deadlineMs);
    return true;
  }

  /** An idle lock was forgotten. It need not be there: a lock whose grants were all revoked was never recorded. */
  closeLock(name: string): boolean {
    const { locks } = this.#state;
    const lock = locks.find(name);
    if (lock === 0) return true;
    if (locks.holders(lock) !== 0) return false;
    this.#state.closeLock(lock);
    return true;
  }

  /** A lock that nobody held. Does nothing to one that is held. */
  idleLock(name: string, size: number, nowMs: number): void {
    const { locks } = this.#state;
    const lock = locks.find(name) || this.#state.openLock(name, size);
    if (locks.holders(lock) !== 0) return;
    locks.setSize(lock, size);
    locks.touch(lock, nowMs);
  }

  /** A request id that was released, as `RequestMemory.keyOf` tells it. */
  releasedRequest(memoryKey: string, forgetAtMs: number): void {
    if (forgetAtMs > this.#forgottenMs) this.#state.requests.remember(memoryKey, forgetAtMs);
  }

  /** The next fencing token will be above this one. */
  raiseTokens(high: number, low: number): void {
    this.#state.raiseTokens(high, low);
  }

  /**
   * Everything is back: lets the time run on. A grant that had a timeout ends no earlier than after it, or
   * `Limits.restoredGraceMs` if that is less; one that had none gets the default timeout, or ends at once when that
   * is 0. Idle locks are idle from now on.
   *
   * @param readyMs the time at which the first command can come
   * @param renewed told of each grant that has a new deadline; the view is reused
   */
  begin(readyMs: number, defaultLockTimeoutMs: number, renewed: (claim: ClaimView) => void): void {
    const { claims, locks } = this.#state;
    const view = new ClaimView(this.#state);
    // Rows mostly have the order of their deadlines, and the heap that of the rows. Backwards, each finds only such
    // below it as have been moved already, and moves by few places.
    for (let claim = claims.endRow - 1; claim > 0; claim--) {
      if (claims.isOpen(claim) && this.#prolong(claim, readyMs, defaultLockTimeoutMs))
        renewed(view.at(claim));
    }
    for (let lock = locks.endRow - 1; lock > 0; lock--) {
      if (locks.isOpen(lock) && locks.holders(lock) === 0) locks.touch(lock, readyMs);
    }
  }

  /** Returns whether the grant has a new deadline. */
  #prolong(claim: number, readyMs: number, defaultLockTimeoutMs: number): boolean {
    const { claims, deadlines } = this.#state;
    const timeoutMs = claims.lockTimeoutMs(claim);
    if (timeoutMs === 0) {
      claims.setLockTimeoutMs(claim, defaultLockTimeoutMs);
      deadlines.set(claim, readyMs + defaultLockTimeoutMs);
      return true;
    }
    const leastMs = readyMs + Math.min(timeoutMs, Limits.restoredGraceMs);
    if (deadlines.deadlineMs(claim) >= leastMs) return false;
    deadlines.set(claim, leastMs);
    return true;
  }

  /** Whether the claim is a new one of the lock, and fits beside its holders. A lock without holders fits any size. */
  #hasRoomFor(command: LockCommand, lock: number): boolean {
    const { locks, holders } = this.#state;
    if (locks.holders(lock) === 0) return true;
    if (locks.size(lock) !== command.size || holders.find(lock, command.key) !== 0) return false;
    const permits = command.permits === 0 ? 1 : command.permits;
    return locks.fits(lock, permits, command.mode === LockMode.Shared);
  }

  #find(name: string, key: LockKey): number {
    const lock = this.#state.locks.find(name);
    return lock === 0 ? 0 : this.#state.holders.find(lock, key);
  }
}
