import { DeadlineHeap } from '../base/deadline-heap.ts';
import { Limits } from '../base/limits.ts';
import { Refusals } from '../contract/refusal.ts';
import { type ClaimObserver, ReleaseCause } from './claim-observer.ts';
import { ClaimTable } from './claim-table.ts';
import { ClaimTimings } from './claim-timings.ts';
import { type ClaimTables, ClaimView } from './claim-view.ts';
import type { ClaimWatcher } from './claim-watcher.ts';
import type { LockCommand } from './command.ts';
import type { CoreOptions } from './core-options.ts';
import { CoreCounters } from './counters.ts';
import { HolderList } from './holder-list.ts';
import { LockKey } from './lock-key.ts';
import { LockTable } from './lock-table.ts';
import { Origin } from './origin.ts';
import { requestKeyBytesMax } from './request-key.ts';
import { RequestMemory } from './request-memory.ts';
import { SessionTable } from './session-table.ts';
import { CallEnd, type CoreSink, FencingToken } from './sink.ts';
import { TextBudget } from './text-budget.ts';
import { TokenCounter } from './token-counter.ts';
import { WaitQueue } from './wait-queue.ts';
import { WaiterPassage } from './waiter-passage.ts';

/**
 * Everything a core knows, and the steps that keep its parts in agreement: a claim is opened, waits in its lock's
 * queue or not, holds or not, and is closed. Which step to take and what to answer is up to the caller, but for
 * waiters that a step lets through: those are answered here.
 */
export class LockState implements ClaimTables {
  readonly counters = new CoreCounters();
  readonly claims = new ClaimTable();
  readonly sessions = new SessionTable(this.claims);
  readonly locks: LockTable;
  readonly queue: WaitQueue;
  readonly holders: HolderList;
  readonly deadlines = new DeadlineHeap();
  readonly requests: RequestMemory;
  readonly texts: TextBudget;
  readonly passage: WaiterPassage;
  readonly timings: ClaimTimings;
  readonly sink: CoreSink;
  /** From the stop on nobody is granted anything. */
  stopping = false;
  /** While grants cannot be recorded nobody is granted anything either; who waits goes on waiting. */
  suspended = false;
  /** Null while nobody looks on. */
  watcher: ClaimWatcher | null = null;
  readonly #keepOnSessionEnd: boolean;
  readonly #keepOnStop: boolean;
  readonly #locksMax: number;
  readonly #claimsMax: number;
  readonly #observer: ClaimObserver | null;
  readonly #view = new ClaimView(this);
  readonly #tokens: TokenCounter;
  readonly #origin = new Origin();
  readonly #key = new LockKey();
  readonly #token = new FencingToken();

  constructor(options: CoreOptions, sink: CoreSink, observer: ClaimObserver | null) {
    const hashSeed = options.hashSeed ?? 0;
    this.texts = new TextBudget(options.textBytesMax ?? Limits.textBytesPerShardMax);
    this.requests = new RequestMemory(this.texts, hashSeed);
    this.locks = new LockTable(hashSeed);
    this.queue = new WaitQueue(this.claims, this.locks, hashSeed);
    this.holders = new HolderList(this.claims, this.locks);
    this.#keepOnSessionEnd = options.keepOnSessionEnd;
    this.#keepOnStop = options.keepOnStop ?? false;
    this.timings = options.timings ?? new ClaimTimings();
    this.#tokens = new TokenCounter(options.tokenSeed, options.tokenSeedLow ?? 0);
    this.#locksMax = options.locksMax ?? Limits.locksPerShardMax;
    this.#claimsMax = options.claimsMax ?? Limits.claimsPerShardMax;
    this.passage = new WaiterPassage(this, options.sliceCount ?? Limits.sliceCount);
    this.sink = sink;
    this.#observer = observer;
  }

  /** The fencing token that was given last; the object is reused. */
  get lastToken(): FencingToken {
    return this.#tokens.last;
  }

  /** The next token will be above this one. */
  raiseTokens(high: number, low: number): void {
    this.#tokens.raise(high, low);
  }

  /** Whether what a session holds outlives it, should it end now. */
  get grantsStay(): boolean {
    return this.#keepOnSessionEnd || (this.#keepOnStop && this.stopping);
  }

  /** Whether what the command brings may be kept: its texts and, where `lock` is 0, a new lock. */
  hasRoomFor(command: LockCommand, lock: number): boolean {
    let bytes = command.holder.length;
    if (command.requestId !== '') bytes += requestKeyBytesMax(command.name, command.requestId);
    if (lock === 0) {
      if (this.counters.locks >= this.#locksMax) return false;
      bytes += command.name.length;
    }
    return this.texts.hasRoom(bytes);
  }

  /** Whether one more holder or waiter may be kept. */
  hasRoomForClaim(): boolean {
    return this.claims.count < this.#claimsMax;
  }

  openLock(name: string, size: number): number {
    this.counters.locks++;
    this.texts.reserve(name.length);
    return this.locks.open(name, size);
  }

  /** Forgets an idle lock, to save its memory. */
  collectLock(lock: number): void {
    this.counters.collections++;
    if (this.#observer !== null) this.#observer.lockClosed(this.locks.name(lock));
    this.closeLock(lock);
  }

  /** Forgets a lock that nobody holds or waits for. */
  closeLock(lock: number): void {
    this.counters.locks--;
    this.texts.release(this.locks.name(lock).length);
    this.locks.close(lock);
  }

  /** A new claim of the command's session, in neither list of its lock yet. */
  openClaim(command: LockCommand, lock: number, nowMs: number): number {
    const claim = this.claims.open(command, lock, nowMs);
    this.texts.reserve(command.holder.length);
    if (command.requestId !== '') this.requests.bind(command.name, command.requestId, claim);
    this.joinSession(claim, command.origin.session);
    return claim;
  }

  /** Makes the session the claim's owner; the claim must have none. */
  joinSession(claim: number, sessionId: number): void {
    let session = this.sessions.find(sessionId);
    if (session === 0) {
      session = this.sessions.open(sessionId);
      this.counters.sessions++;
    }
    this.sessions.link(session, claim);
  }

  /** Puts an open claim at the end of its lock's queue. */
  enqueue(claim: number, command: LockCommand, nowMs: number): void {
    this.queue.append(claim);
    this.counters.waiters++;
    this.setWaitDeadline(claim, command, nowMs);
    if (this.watcher !== null) this.watcher.waiting(this.#view.at(claim));
  }

  /** The wait ends with the wait timeout or the caller's own deadline, whichever is first. */
  setWaitDeadline(claim: number, command: LockCommand, nowMs: number): void {
    const timeoutMs = command.waitTimeoutMs === 0 ? Number.POSITIVE_INFINITY : nowMs + command.waitTimeoutMs;
    const isCallers = command.deadlineMs < timeoutMs;
    const deadlineMs = isCallers ? command.deadlineMs : timeoutMs;
    this.claims.setCallerDeadline(claim, isCallers);
    if (deadlineMs === Number.POSITIVE_INFINITY) this.deadlines.remove(claim);
    else this.deadlines.set(claim, deadlineMs);
  }

  /** Tells who looks on that a claim has another session and call. */
  showTakeOver(claim: number): void {
    if (this.watcher === null) return;
    if (this.claims.isHolding(claim)) this.watcher.renewed(this.#view.at(claim));
    else this.watcher.waiting(this.#view.at(claim));
  }

  /** Turns an open claim that stands in no queue into a holder. The reply is up to the caller. */
  grant(claim: number, nowMs: number): void {
    this.holders.add(claim, this.#tokens.next(), nowMs);
    const timeoutMs = this.claims.lockTimeoutMs(claim);
    if (timeoutMs > 0) this.deadlines.set(claim, nowMs + timeoutMs);
    else this.deadlines.remove(claim);
    this.counters.holders++;
    this.counters.grants++;
    if (this.#observer !== null) this.#observer.granted(this.#view.at(claim));
    if (this.watcher !== null) this.watcher.granted(this.#view.at(claim));
  }

  /** Gives a holder a new lock timeout, counted from now. */
  renew(claim: number, lockTimeoutMs: number, nowMs: number): void {
    this.claims.setLockTimeoutMs(claim, lockTimeoutMs);
    this.deadlines.set(claim, nowMs + lockTimeoutMs);
    if (this.#observer !== null) this.#observer.renewed(this.#view.at(claim));
    if (this.watcher !== null) this.watcher.renewed(this.#view.at(claim));
  }

  /** Refuses a request id from now on that no claim carries, should its Lock arrive late. */
  refuseRequest(name: string, requestId: string, nowMs: number): void {
    const { requests } = this;
    const entry = requests.refuse(name, requestId, nowMs);
    if (entry === 0 || this.#observer === null) return;
    this.#observer.requestRefused(requests.keyOf(entry), requests.forgetAtMs(entry));
  }

  /** Ends a grant because its owner asked for it, or never got to know of it. */
  unlock(claim: number, nowMs: number): void {
    this.counters.unlocks++;
    this.release(claim, ReleaseCause.Unlocked, nowMs);
  }

  /** The grant that answered this call of the session, among its newest `countMax` claims; 0 when it is not there. */
  findGrant(session: number, call: number, countMax: number): number {
    const { claims } = this;
    let claim = this.sessions.firstClaim(session);
    for (let left = countMax; claim !== 0 && left > 0; left--) {
      if (claims.call(claim) === call >>> 0 && claims.isHolding(claim)) return claim;
      claim = claims.sessionNext(claim);
    }
    return 0;
  }

  /** Ends a grant whose call is gone, unless another call was told of it too: then it is not that call's to end. */
  giveBack(claim: number, nowMs: number): void {
    if (this.claims.isSharedByCalls(claim) || !this.isStanding(claim, nowMs)) return;
    this.locks.touch(this.claims.lock(claim), nowMs);
    this.unlock(claim, nowMs);
  }

  /** Ends a grant, and lets through who waited for it. The lock's idle time is up to the caller. */
  release(claim: number, cause: ReleaseCause, nowMs: number): void {
    if (this.#observer !== null) this.#observer.released(this.#view.at(claim), cause);
    if (this.watcher !== null) this.watcher.released(this.#view.at(claim), cause);
    this.claims.countAge(claim, nowMs, this.timings.holds);
    const lock = this.claims.lock(claim);
    this.holders.remove(claim);
    this.counters.holders--;
    if (this.claims.hasRequest(claim)) this.requests.release(claim, nowMs);
    this.closeClaim(claim);
    if (this.locks.firstWaiter(lock) !== 0) this.passage.letThrough(lock, nowMs);
  }

  /** Undoes a grant as if it had never been, but for its token. With it goes a lock that nobody else has a claim to. */
  revoke(claim: number, nowMs: number): void {
    const lock = this.claims.lock(claim);
    this.holders.remove(claim);
    this.counters.holders--;
    this.counters.revocations++;
    if (this.claims.hasRequest(claim)) this.requests.unbind(claim);
    this.closeClaim(claim);
    if (this.locks.firstWaiter(lock) !== 0) this.passage.letThrough(lock, nowMs);
    else if (this.locks.holders(lock) === 0) this.closeLock(lock);
  }

  /** Takes a waiter out of its queue without an answer, and lets through who stood behind it. */
  dropWaiter(claim: number, nowMs: number): void {
    const lock = this.claims.lock(claim);
    const wasFirst = this.locks.firstWaiter(lock) === claim;
    this.removeWaiter(claim);
    if (wasFirst) this.passage.letThrough(lock, nowMs);
  }

  /** Ends a claim whose deadline has passed: a grant expires, a waiter is answered. */
  endOverdue(claim: number, nowMs: number): void {
    if (this.claims.isHolding(claim)) {
      this.counters.expiries++;
      this.locks.touch(this.claims.lock(claim), nowMs);
      this.release(claim, ReleaseCause.Expired, nowMs);
      return;
    }
    const lock = this.claims.lock(claim);
    const wasFirst = this.locks.firstWaiter(lock) === claim;
    this.answerOverdue(claim);
    if (wasFirst) this.passage.letThrough(lock, nowMs);
  }

  /** Ends a claim of an ended session, or parts a grant from it when such grants are kept. */
  endOrphan(claim: number, nowMs: number): void {
    if (!this.claims.isHolding(claim)) {
      this.counters.departures++;
      this.dropWaiter(claim, nowMs);
    } else if (this.sessions.doGrantsStay(this.claims.session(claim))) {
      this.sessions.part(claim);
    } else {
      this.counters.sessionReleases++;
      this.locks.touch(this.claims.lock(claim), nowMs);
      this.release(claim, ReleaseCause.SessionEnded, nowMs);
    }
  }

  /**
   * Whether the claim still stands at this moment. One that is over, because its deadline has passed or its session
   * has ended, and that only no slice of work has come by yet, is ended here: what a caller sees must not depend on
   * how the work is sliced.
   */
  isStanding(claim: number, nowMs: number): boolean {
    // The two conditions in front are nearly always enough, and cost less than looking at the claim.
    if (this.deadlines.firstMs <= nowMs && this.deadlines.deadlineMs(claim) <= nowMs) {
      this.endOverdue(claim, nowMs);
      return false;
    }
    if (this.isOrphan(claim)) {
      const stays = this.claims.isHolding(claim) && this.sessions.doGrantsStay(this.claims.session(claim));
      this.endOrphan(claim, nowMs);
      return stays;
    }
    return true;
  }

  /** Tells a waiter's call that it ends without an answer. Does not take the waiter out of its queue. */
  sendEnd(claim: number, end: CallEnd): void {
    this.sink.ended(this.readOrigin(claim), end);
  }

  /** Ends a waiter for good because the server stops. Nobody behind it is let through. */
  endStopped(claim: number): void {
    if (this.isOrphan(claim)) this.counters.departures++;
    else this.sendEnd(claim, CallEnd.Stopping);
    this.removeWaiter(claim);
  }

  /** Answers the call that was just granted. */
  sendNewGrant(command: LockCommand): void {
    this.sink.granted(command.origin, command.name, command.key, this.lastToken);
  }

  /** Answers a call with a grant that has waited, or that it repeats. */
  sendGrant(origin: Origin, claim: number): void {
    const claims = this.claims;
    claims.readKey(claim, this.#key);
    claims.readToken(claim, this.#token);
    this.sink.granted(origin, this.locks.name(claims.lock(claim)), this.#key, this.#token);
  }

  /** Ends a waiter whose deadline has passed. Nobody behind it is let through. */
  answerOverdue(claim: number): void {
    if (this.isOrphan(claim)) {
      this.counters.departures++;
    } else if (this.claims.isCallerDeadline(claim)) {
      this.counters.deadlines++;
      this.sendEnd(claim, CallEnd.Deadline);
    } else {
      this.counters.waitTimeouts++;
      const name = this.locks.name(this.claims.lock(claim));
      this.sink.notLocked(this.readOrigin(claim), name, Refusals.waitTimeout);
    }
    this.removeWaiter(claim);
  }

  /** Ends a waiter without an answer. Nobody behind it is let through. */
  removeWaiter(claim: number): void {
    if (this.watcher !== null) this.watcher.left(this.#view.at(claim));
    this.queue.remove(claim);
    this.counters.waiters--;
    if (this.claims.hasRequest(claim)) this.requests.unbind(claim);
    this.closeClaim(claim);
  }

  /** Forgets a claim that stands in no list of its lock any more. Its request id is up to the caller. */
  closeClaim(claim: number): void {
    this.deadlines.remove(claim);
    this.sessions.unlink(claim);
    this.texts.release(this.claims.holder(claim).length);
    this.claims.close(claim);
  }

  /** Whether the claim's session has ended, and no slice of work has come by yet. */
  isOrphan(claim: number): boolean {
    if (this.sessions.ended === 0) return false;
    const session = this.claims.session(claim);
    return session !== 0 && this.sessions.isEnded(session);
  }

  /** Where a waiter's answer goes; the object is reused. */
  readOrigin(claim: number): Origin {
    const origin = this.#origin;
    this.claims.readOrigin(claim, origin);
    origin.session = this.sessions.id(this.claims.session(claim));
    return origin;
  }
}
