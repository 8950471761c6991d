import { LockMode } from '../contract/lock-mode.ts';
import { Refusals } from '../contract/refusal.ts';
import type { LockCommand, UnlockCommand } from './command.ts';
import type { LockState } from './lock-state.ts';
import { CallEnd } from './sink.ts';

/** What a request id does: it makes a Lock safe to repeat, and lets an Unlock name what it has no key for. */
export class RequestMatcher {
  readonly #state: LockState;

  constructor(state: LockState) {
    this.#state = state;
  }

  /** Answers a call whose request id is known. Returns false when it is not, so that the call is a new one. */
  repeat(command: LockCommand, nowMs: number): boolean {
    const { requests, claims, sink } = this.#state;
    let entry = requests.find(command.name, command.requestId, nowMs);
    if (entry === 0) return false;
    let claim = requests.claim(entry);
    if (claim !== 0 && !this.#state.isStanding(claim, nowMs)) {
      // Its end has just been noticed: a grant is remembered as released, a waiter forgotten.
      entry = requests.find(command.name, command.requestId, nowMs);
      if (entry === 0) return false;
      claim = 0;
    }
    const { origin, name } = command;
    if (claim === 0) sink.notLocked(origin, name, Refusals.requestReleased);
    else if (!this.#isSameRequest(claim, command)) sink.notLocked(origin, name, Refusals.requestDiffers);
    else if (claims.isHolding(claim)) this.#repeatHolding(claim, command, nowMs);
    // TryLock never waits, so the waiter stays with the call that does.
    else if (command.tryOnly) sink.notLocked(origin, name, null);
    else this.#repeatWaiting(claim, command, nowMs);
    return true;
  }

  /** Returns whether the id's claim was found and ended. The id is refused from now on in any case. */
  unlock(command: UnlockCommand, nowMs: number): boolean {
    const state = this.#state;
    const { requests } = state;
    const entry = requests.find(command.name, command.requestId, nowMs);
    const claim = entry === 0 ? 0 : requests.claim(entry);
    const stands = claim !== 0 && state.isStanding(claim, nowMs);
    if (stands && state.claims.isHolding(claim)) {
      state.unlock(claim, nowMs);
      return true;
    }
    if (stands) {
      state.counters.departures++;
      state.sendEnd(claim, CallEnd.Superseded);
      state.dropWaiter(claim, nowMs);
    }
    state.refuseRequest(command.name, command.requestId, nowMs);
    return stands;
  }

  #isSameRequest(claim: number, command: LockCommand): boolean {
    const { claims, locks } = this.#state;
    return (
      locks.size(claims.lock(claim)) === command.size &&
      claims.permits(claim) === (command.permits === 0 ? 1 : command.permits) &&
      claims.isShared(claim) === (command.mode === LockMode.Shared)
    );
  }

  /** The claim belongs to the session of the repeating call from now on. */
  #takeOver(claim: number, { origin }: LockCommand): void {
    const { sessions } = this.#state;
    sessions.unlink(claim);
    this.#state.joinSession(claim, origin.session);
  }

  /** The grant moves to the repeating session. Which of its calls its caller listens to, nobody can tell here. */
  #repeatHolding(claim: number, command: LockCommand, nowMs: number): void {
    const state = this.#state;
    state.counters.repeats++;
    this.#takeOver(claim, command);
    state.claims.setCall(claim, command.origin.call);
    state.claims.shareByCalls(claim);
    if (command.lockTimeoutMs > 0) state.renew(claim, command.lockTimeoutMs, nowMs);
    else state.showTakeOver(claim);
    state.sendGrant(command.origin, claim);
  }

  /** The waiter moves to the repeating call and keeps its place; the times are those of the new call. */
  #repeatWaiting(claim: number, command: LockCommand, nowMs: number): void {
    const state = this.#state;
    const { claims, queue } = state;
    state.counters.repeats++;
    state.sendEnd(claim, CallEnd.Superseded);
    queue.forgetCall(claim);
    this.#takeOver(claim, command);
    claims.setOrigin(claim, command.origin);
    queue.indexCall(claim);
    claims.setLockTimeoutMs(claim, command.lockTimeoutMs);
    state.setWaitDeadline(claim, command, nowMs);
    state.showTakeOver(claim);
  }
}
