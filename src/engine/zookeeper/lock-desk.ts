import { Limits } from '../../base/limits.ts';
import { Refusals } from '../../contract/refusal.ts';
import type { LockCommand } from '../../core/command.ts';
import { checkLock } from '../../core/lock-check.ts';
import { CallEnd } from '../../core/sink.ts';
import { checkAbilities, checkPlace } from './ability-check.ts';
import { Claim } from './claim.ts';
import type { ReleaseCause } from './claim-counts.ts';
import { ClaimEnds } from './claim-ends.ts';
import { ClaimGrants } from './claim-grants.ts';
import { ClaimLeases } from './claim-leases.ts';
import { ClaimTimers } from './claim-timers.ts';
import { HeldWatch } from './held-watch.ts';
import type { LockDeskParts } from './lock-desk-parts.ts';
import { NodeDisposal } from './node-disposal.ts';
import { RequestRepeats } from './request-repeats.ts';

/** Lock and TryLock, and how what they have got ends. */
export class LockDesk {
  readonly #parts: LockDeskParts;
  readonly #timers: ClaimTimers;
  readonly #watch: HeldWatch;
  readonly #leases: ClaimLeases;
  readonly #disposal: NodeDisposal;
  readonly #ends: ClaimEnds;
  readonly #grants: ClaimGrants;
  readonly #repeats: RequestRepeats;
  #isStopping = false;

  constructor(parts: LockDeskParts) {
    this.#parts = parts;
    this.#timers = new ClaimTimers(parts.clock, parts.nodes.clock, (claim) => this.#ends.due(claim));
    this.#disposal = new NodeDisposal(parts.nodes, parts.register !== null, parts.serverName);
    this.#leases = new ClaimLeases(parts, {
      deadlineMoved: (claim) => this.#timers.set(claim),
      gone: (claim) => this.#ends.forget(claim, 'revocation'),
      isWatched: (claim) => this.#watch.has(claim),
    });
    this.#repeats = new RequestRepeats(parts, {
      renew: (claim, lockTimeoutMs) => this.#leases.renew(claim, lockTimeoutMs),
      deadlineMoved: (claim) => this.#timers.set(claim),
      gone: (claim) => this.#ends.forget(claim, 'revocation'),
      tellGrant: (claim, origin) => this.#grants.tell(claim, origin),
    });
    this.#watch = new HeldWatch(parts.nodes, {
      gone: (claim) => this.#ends.forget(claim, 'revocation'),
      written: (claim, data) => this.#leases.written(claim, data),
    });
    const watches = { timers: this.#timers, held: this.#watch, disposal: this.#disposal };
    this.#ends = new ClaimEnds(parts, watches);
    this.#grants = new ClaimGrants(parts, this.#ends, this.#leases, watches);
  }

  /** The outcome goes to the replies, at once or later. */
  lock(command: LockCommand, nowMs: number): void {
    const { replies, book, counts, paths, nodes } = this.#parts;
    const { origin } = command;
    if (this.#isStopping) return replies.ended(origin, CallEnd.Stopping);
    if (command.deadlineMs <= nowMs) return replies.ended(origin, CallEnd.Deadline);
    const refusal = checkLock(command) ?? checkAbilities(command);
    if (refusal !== null) return replies.notLocked(origin, command.name, refusal);
    if (nodes.state !== 'connected') return replies.ended(origin, CallEnd.Unreachable);
    if (command.requestId !== '') {
      if (this.#ends.isInDoubt(command.name, command.requestId))
        return replies.ended(origin, CallEnd.Unreachable);
      if (this.#repeats.answer(command, nowMs)) return;
    }
    const place = paths.placeOf(command.name);
    const unfit = checkPlace(place, command);
    if (unfit !== null) return replies.notLocked(origin, command.name, unfit);
    if (book.count >= Limits.zookeeperClaimsMax)
      return replies.notLocked(origin, command.name, Refusals.tooManyClaims);
    const claim = new Claim(command, place, nowMs);
    book.add(claim);
    counts.waiting();
    this.#timers.set(claim);
    claim.done = this.#grants.run(claim);
  }

  /** The caller is gone: what waits leaves the queue, and a grant goes back that no other call was told of. */
  cancel(session: number, call: number): void {
    const claim = this.#parts.book.ofCall(session, call);
    if (claim === null) return;
    if (claim.state === 'waiting') this.#ends.depart(claim);
    else this.giveBack(claim);
  }

  /** The grant could not be delivered to the call that it answered. */
  giveBack(claim: Claim): void {
    if (!claim.isShared) this.release(claim, 'unlock').catch(ignore);
  }

  endSession(session: number): void {
    const { book, keepOnSessionEnd, keepOnStop } = this.#parts;
    for (const claim of book.ofSession(session)) {
      if (claim.state === 'waiting') this.#ends.depart(claim);
      // The first one may have found out that the session with ZooKeeper is over, which ends all of them.
      if (claim.state !== 'held') continue;
      if (keepOnSessionEnd || (keepOnStop && this.#isStopping)) book.orphan(claim);
      else this.release(claim, 'session').catch(ignore);
    }
    this.#ends.sessionEnded(session);
  }

  /** See {@link ClaimLeases.takeOver}. */
  takeOver(claim: Claim): Promise<void> {
    return this.#leases.takeOver(claim);
  }

  /** A lock that this server goes on with, which another one has granted. */
  adopt(claim: Claim): void {
    this.#parts.book.add(claim);
    this.#parts.book.orphan(claim);
    this.#parts.counts.resumed();
    this.#timers.set(claim);
    this.#watch.add(claim);
  }

  /** Refuses what is asked from now on, and ends all who wait. */
  stopGranting(): void {
    this.#isStopping = true;
    this.#ends.departAll(CallEnd.Stopping);
  }

  /**
   * The ZooKeeper session is over, and with it all that it held, unless that outlives it: then others see to it. Returns the
   * sessions of those who have lost a lock.
   */
  loseAll(): Set<number> {
    const losers = new Set<number>();
    this.#ends.departAll(CallEnd.Unreachable);
    for (const claim of [...this.#parts.book]) {
      // Of a lock that was brought back after a restart nobody was told yet.
      for (const session of [claim.origin.session, claim.toldSession])
        if (session !== 0 && this.#parts.register === null) losers.add(session);
      this.#ends.forget(claim, 'revocation');
    }
    return losers;
  }

  /** See {@link ClaimEnds.release}. */
  release(claim: Claim, cause: ReleaseCause): Promise<boolean> {
    return this.#ends.release(claim, cause);
  }

  /** Takes a waiter out of the queue, whose own call is told that another one did. */
  supersede(claim: Claim): void {
    this.#parts.replies.ended(claim.origin, CallEnd.Superseded);
    this.#ends.depart(claim);
  }

  /** See {@link ClaimLeases.renew}. */
  renewHeld(claim: Claim, lockTimeoutMs: number): Promise<boolean> {
    return this.#leases.renew(claim, lockTimeoutMs);
  }

  /** There is a session again: what the last one has left is removed. */
  sessionBegun(): void {
    void this.#disposal.removeOwed();
  }

  close(): void {
    this.#timers.close();
    this.#watch.close();
  }
}

function ignore(): void {}
