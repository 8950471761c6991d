import type { Clock } from '../../base/clock.ts';
import { Limits } from '../../base/limits.ts';
import { type Refusal, Refusals } from '../../contract/refusal.ts';
import type { LockCommand } from '../../core/command.ts';
import { checkLock } from '../../core/lock-check.ts';
import type { Origin } from '../../core/origin.ts';
import { CallEnd, FencingToken } from '../../core/sink.ts';
import type { Replies } from '../../shard/replies.ts';
import { isSessionOver, isUnanswered } from '../../zookeeper/locks/node-removal.ts';
import type { QueueNode } from '../../zookeeper/locks/queue-node.ts';
import type { Nodes } from '../../zookeeper/nodes.ts';
import { BadVersionError, NoNodeError } from '../../zookeeper/server-refusal.ts';
import { TooManyRequestsError } from '../../zookeeper/zookeeper-error.ts';
import { checkAbilities, checkPlace } from './ability-check.ts';
import { Claim, keyOfRequest, readToken } from './claim.ts';
import { type ClaimBook, requestKey } from './claim-book.ts';
import type { ClaimCounts, ReleaseCause } from './claim-counts.ts';
import { ClaimLeases } from './claim-leases.ts';
import { ClaimTimers } from './claim-timers.ts';
import { HeldWatch } from './held-watch.ts';
import { LeavingRequests } from './leaving-requests.ts';
import type { LockBases } from './lock-base.ts';
import type { LockPaths, LockPlace } from './lock-place.ts';
import { lockRequestOf } from './lock-request.ts';
import type { NodeData } from './node-data.ts';
import { NodeDisposal } from './node-disposal.ts';
import { LockRefusedError, NodeRemovedError, RequestElsewhereError } from './refused-error.ts';
import { RequestRepeats } from './request-repeats.ts';
import type { ServerRegister } from './server-register.ts';

export interface LockDeskParts {
  readonly nodes: Nodes;
  readonly clock: Clock;
  readonly paths: LockPaths;
  readonly bases: LockBases;
  readonly book: ClaimBook;
  readonly counts: ClaimCounts;
  readonly replies: Replies;
  /** Keep what a session holds when it ends. */
  readonly keepOnSessionEnd: boolean;
  /** Keep what a session holds that ends while the server stops: the next one goes on with it. */
  readonly keepOnStop: boolean;
  /** Says that this server is there; null: what it grants ends with its session. Otherwise locks outlive their server. */
  readonly register: ServerRegister | null;
  /** Who the sessions are, for the nodes' data. */
  readonly describeSession: (session: number) => NodeData['client'];
  /** ZooKeeper has refused something that was not to be expected. */
  readonly failed: (error: unknown, place: LockPlace) => void;
}

/** Lock and TryLock, and how what they have got ends. */
export class LockDesk {
  readonly #parts: LockDeskParts;
  readonly #timers: ClaimTimers;
  readonly #watch: HeldWatch;
  readonly #leases: ClaimLeases;
  readonly #disposal: NodeDisposal;
  readonly #repeats: RequestRepeats;
  readonly #token = new FencingToken();
  readonly #leaving = new LeavingRequests();
  /** Claims whose leases are over, unless another server has renewed them, by their keys. */
  readonly #inDoubt = new Map<string, Claim>();
  #isStopping = false;

  constructor(parts: LockDeskParts) {
    this.#parts = parts;
    this.#timers = new ClaimTimers(parts.clock, parts.nodes.clock, (claim) => this.#due(claim));
    this.#disposal = new NodeDisposal(parts.nodes, parts.register !== null);
    this.#leases = new ClaimLeases(parts, {
      deadlineMoved: (claim) => this.#timers.set(claim),
      gone: (claim) => this.#forget(claim, 'revocation'),
      isWatched: (claim) => this.#watch.has(claim),
    });
    this.#repeats = new RequestRepeats(parts, {
      renew: (claim, lockTimeoutMs) => this.#leases.renew(claim, lockTimeoutMs),
      deadlineMoved: (claim) => this.#timers.set(claim),
      tellGrant: (claim, origin) => this.#tellGrant(claim, origin),
    });
    this.#watch = new HeldWatch(parts.nodes, {
      gone: (claim) => this.#forget(claim, 'revocation'),
      written: (claim, data) => this.#leases.written(claim, data),
    });
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
      if (this.#inDoubt.size > 0 && this.#inDoubt.has(keyOfRequest(command.name, command.requestId)))
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
    claim.done = this.#run(claim);
  }

  /** The caller is gone: what waits leaves the queue, and a grant goes back that no other call was told of. */
  cancel(session: number, call: number): void {
    const claim = this.#parts.book.ofCall(session, call);
    if (claim === null) return;
    if (claim.state === 'waiting') this.#depart(claim);
    else this.giveBack(claim);
  }

  /** The grant could not be delivered to the call that it answered. */
  giveBack(claim: Claim): void {
    if (!claim.isShared) this.release(claim, 'unlock').catch(ignore);
  }

  endSession(session: number): void {
    const { book, keepOnSessionEnd, keepOnStop } = this.#parts;
    for (const claim of book.ofSession(session)) {
      if (claim.state === 'waiting') this.#depart(claim);
      // The first one may have found out that the session with ZooKeeper is over, which ends all of them.
      if (claim.state !== 'held') continue;
      if (keepOnSessionEnd || (keepOnStop && this.#isStopping)) book.orphan(claim);
      else this.release(claim, 'session').catch(ignore);
    }
    for (const claim of this.#inDoubt.values())
      if (claim.origin.session === session) claim.origin.session = 0;
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
    this.#endWaiters(CallEnd.Stopping);
  }

  /**
   * The ZooKeeper session is over, and with it all that it held, unless that outlives it: then others see to it. Returns the
   * sessions of those who have lost a lock.
   */
  loseAll(): Set<number> {
    const losers = new Set<number>();
    this.#endWaiters(CallEnd.Unreachable);
    for (const claim of [...this.#parts.book]) {
      if (claim.origin.session !== 0 && this.#parts.register === null) losers.add(claim.origin.session);
      this.#forget(claim, 'revocation');
    }
    return losers;
  }

  /**
   * Ends a held lock. Resolves, when its node is gone, with whether it was held until now.
   *
   * @throws NoAuthError
   */
  release(claim: Claim, cause: ReleaseCause): Promise<boolean> {
    this.#forget(claim, cause);
    return this.#disposal.remove(claim.node!);
  }

  /** Takes a waiter out of the queue, whose own call is told that another one did. */
  supersede(claim: Claim): void {
    this.#parts.replies.ended(claim.origin, CallEnd.Superseded);
    this.#depart(claim);
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

  // ---- the way to a grant -----------------------------------------------------------------------------------------

  async #run(claim: Claim): Promise<void> {
    const { nodes, bases, register } = this.#parts;
    try {
      const leaving = this.#leaving.before(claim);
      if (leaving !== null) await leaving;
      if (register !== null) await register.ready();
      if (isEnded(claim)) return;
      const mode = register === null ? 'ephemeralSequential' : 'persistentSequential';
      claim.request = lockRequestOf(nodes, bases, claim, this.#leases.dataOf(claim, 0), mode);
      const node = await claim.request.run();
      if (node === null) this.#taken(claim);
      else if (register === null) await this.#granted(claim, node);
      else await this.#markGranted(claim, node);
    } catch (error) {
      this.#failed(claim, error);
    }
  }

  /**
   * A node that stays says that its lock was granted, before anybody is told: if this server is gone, whoever finds the node knows
   * that somebody may hold the lock.
   */
  async #markGranted(claim: Claim, node: QueueNode): Promise<void> {
    const { nodes, clock } = this.#parts;
    try {
      if (claim.state === 'ended') return void (await this.#disposal.discard(node));
      // Its caller may ask for another lease meanwhile, by a call that takes the place of this one.
      let saidMs: number;
      do {
        saidMs = claim.lockTimeoutMs;
        const { version } = await nodes.setData(node.path, this.#leases.dataOf(claim, clock.nowMs()));
        claim.version = version;
      } while (claim.lockTimeoutMs !== saidMs);
      await this.#granted(claim, node);
    } catch (error) {
      await this.#disposal.discard(node);
      // Somebody has removed it while it waited for this.
      if (!(error instanceof NoNodeError)) throw error;
      this.#refuse(claim, CallEnd.Unreachable);
    }
  }

  async #granted(claim: Claim, node: QueueNode): Promise<void> {
    const { nodes, clock, counts } = this.#parts;
    if (!nodes.isSessionAlive(node.sessionId)) this.#refuse(claim, CallEnd.Unreachable);
    if (claim.state === 'ended') return this.#disposal.discard(node);
    const nowMs = clock.nowMs();
    claim.state = 'held';
    claim.node = node;
    claim.grantedMs = nowMs;
    claim.setLease(claim.lockTimeoutMs, nowMs);
    this.#timers.set(claim);
    this.#watch.add(claim);
    counts.granted(claim);
    this.#tellGrant(claim, claim.origin);
  }

  /** TryLock finds the lock taken. */
  #taken(claim: Claim): void {
    if (claim.state === 'ended') return;
    this.#end(claim);
    this.#parts.counts.refused();
    this.#parts.replies.notLocked(claim.origin, claim.place.name, null);
  }

  #failed(claim: Claim, error: unknown): void {
    if (claim.state === 'ended') return;
    if (error instanceof LockRefusedError) return this.#refuse(claim, error.refusal);
    if (error instanceof RequestElsewhereError) return this.#refuse(claim, CallEnd.Elsewhere);
    if (error instanceof NodeRemovedError) return this.#refuse(claim, CallEnd.Superseded);
    if (error instanceof TooManyRequestsError) return this.#refuse(claim, Refusals.tooManyClaims);
    if (isUnanswered(error) || isSessionOver(error)) return this.#refuse(claim, CallEnd.Unreachable);
    this.#parts.failed(error, claim.place);
    this.#refuse(claim, CallEnd.Failed);
  }

  #refuse(claim: Claim, why: Refusal | CallEnd): void {
    // Whoever has found that out may have ended all who wait.
    if (claim.state === 'ended') return;
    this.#end(claim);
    this.#parts.counts.refused();
    const { replies } = this.#parts;
    if (typeof why === 'number') replies.ended(claim.origin, why);
    else replies.notLocked(claim.origin, claim.place.name, why);
  }

  #tellGrant(claim: Claim, origin: Origin): void {
    const { place, lockKey, node } = claim;
    this.#parts.replies.granted(origin, place.name, lockKey, readToken(node!, this.#token));
  }

  // ---- ends -------------------------------------------------------------------------------------------------------

  #due(claim: Claim): void {
    if (claim.state === 'held') return void this.#expire(claim);
    const { replies, counts } = this.#parts;
    this.#giveUp(claim);
    counts.timedOut();
    if (claim.endsWithCaller) replies.ended(claim.origin, CallEnd.Deadline);
    else replies.notLocked(claim.origin, claim.place.name, Refusals.waitTimeout);
  }

  /** Another server may have renewed it, which is known by the version of its node. */
  async #expire(claim: Claim): Promise<void> {
    const { book, counts, keepOnSessionEnd } = this.#parts;
    this.#forget(claim, 'expiry');
    this.#inDoubt.set(claim.key, claim);
    try {
      await this.#disposal.remove(claim.node!, claim.version);
    } catch (error) {
      if (!(error instanceof BadVersionError)) return this.#parts.failed(error, claim.place);
      // Its session has ended meanwhile.
      if (claim.origin.session === 0 && !keepOnSessionEnd) return this.#disposal.discard(claim.node!);
      claim.state = 'held';
      claim.setLease(claim.lockTimeoutMs, this.#parts.clock.nowMs());
      book.add(claim);
      counts.resumed();
      this.#timers.set(claim);
      this.#watch.addWritten(claim);
    } finally {
      this.#inDoubt.delete(claim.key);
    }
  }

  /** What is held here is held no more. */
  #forget(claim: Claim, cause: ReleaseCause): void {
    if (claim.state !== 'held') return;
    const { book, counts, clock } = this.#parts;
    this.#end(claim);
    this.#watch.remove(claim);
    if (claim.requestId !== '' && !(cause === 'revocation' && this.#parts.register !== null))
      book.released.add(requestKey(claim.place.name, claim.requestId), clock.nowMs());
    counts.released(claim, cause);
  }

  #depart(claim: Claim): void {
    this.#giveUp(claim);
    this.#parts.counts.departed();
  }

  #endWaiters(why: CallEnd): void {
    for (const claim of [...this.#parts.book]) {
      if (claim.state !== 'waiting') continue;
      this.#giveUp(claim);
      this.#parts.counts.departed();
      this.#parts.replies.ended(claim.origin, why);
    }
  }

  /** A waiter's request is taken back, which goes on when its caller has its answer. */
  #giveUp(claim: Claim): void {
    this.#end(claim);
    claim.request?.cancel();
    this.#leaving.add(claim);
  }

  #end(claim: Claim): void {
    claim.state = 'ended';
    this.#parts.book.remove(claim);
    this.#timers.remove(claim);
  }
}

/** It may have ended meanwhile. */
function isEnded({ state }: Claim): boolean {
  return state === 'ended';
}

function ignore(): void {}
