import { Refusals } from '../../contract/refusal.ts';
import { CallEnd } from '../../core/sink.ts';
import { BadVersionError } from '../../zookeeper/server-refusal.ts';
import { type Claim, keyOfRequest } from './claim.ts';
import { requestKey } from './claim-book.ts';
import type { ReleaseCause } from './claim-counts.ts';
import type { ClaimTimers } from './claim-timers.ts';
import type { HeldWatch } from './held-watch.ts';
import { LeavingRequests } from './leaving-requests.ts';
import type { LockDeskParts } from './lock-desk-parts.ts';
import type { NodeDisposal } from './node-disposal.ts';

/** What looks after claims and their nodes, until they end. */
export interface ClaimWatches {
  readonly timers: ClaimTimers;
  readonly held: HeldWatch;
  readonly disposal: NodeDisposal;
}

/** How claims end: those who wait, and those who hold. */
export class ClaimEnds {
  readonly #parts: LockDeskParts;
  readonly #watches: ClaimWatches;
  readonly #leaving = new LeavingRequests();
  /** Claims whose leases are over, unless another server has renewed them, by their keys. */
  readonly #inDoubt = new Map<string, Claim>();

  constructor(parts: LockDeskParts, watches: ClaimWatches) {
    this.#parts = parts;
    this.#watches = watches;
  }

  /** Whether a request by this id was granted, and nobody knows whether the lock is held still. */
  isInDoubt(name: string, requestId: string): boolean {
    return this.#inDoubt.size > 0 && this.#inDoubt.has(keyOfRequest(name, requestId));
  }

  /** Resolves when the node of a request by the same id, which was given up, cannot be in the way; null: there is none. */
  before(claim: Claim): Promise<unknown> | null {
    return this.#leaving.before(claim);
  }

  /** What is in doubt is no session's that has ended. */
  sessionEnded(session: number): void {
    for (const claim of this.#inDoubt.values())
      if (claim.origin.session === session) claim.origin.session = 0;
  }

  /** Its time is over: the lease of one that holds, the patience of one that waits. */
  due(claim: Claim): void {
    if (claim.state === 'held') return void this.#expire(claim);
    const { replies, counts } = this.#parts;
    this.#giveUp(claim);
    counts.timedOut();
    if (claim.endsWithCaller) replies.ended(claim.origin, CallEnd.Deadline);
    else replies.notLocked(claim.origin, claim.place.name, Refusals.waitTimeout);
  }

  /**
   * Ends a held lock. Resolves, when its node is gone, with whether it was held until now.
   *
   * @throws NoAuthError
   */
  release(claim: Claim, cause: ReleaseCause): Promise<boolean> {
    this.forget(claim, cause);
    return this.#watches.disposal.remove(claim.node!);
  }

  /** What is held here is held no more. */
  forget(claim: Claim, cause: ReleaseCause): void {
    if (claim.state !== 'held') return;
    const { book, counts, clock } = this.#parts;
    this.end(claim);
    this.#watches.held.remove(claim);
    if (claim.requestId !== '' && !(cause === 'revocation' && this.#parts.register !== null))
      book.released.add(requestKey(claim.place.name, claim.requestId), clock.nowMs());
    counts.released(claim, cause);
  }

  /** A waiter leaves the queue, and nobody is to be told. */
  depart(claim: Claim): void {
    this.#giveUp(claim);
    this.#parts.counts.departed();
  }

  /** All who wait here leave the queue. */
  departAll(why: CallEnd): void {
    for (const claim of [...this.#parts.book]) {
      if (claim.state !== 'waiting') continue;
      this.depart(claim);
      this.#parts.replies.ended(claim.origin, why);
    }
  }

  end(claim: Claim): void {
    claim.state = 'ended';
    this.#parts.book.remove(claim);
    this.#watches.timers.remove(claim);
  }

  /** Another server may have renewed it, which is known by the version of its node. */
  async #expire(claim: Claim): Promise<void> {
    const { disposal } = this.#watches;
    this.forget(claim, 'expiry');
    this.#inDoubt.set(claim.key, claim);
    try {
      await disposal.remove(claim.node!, claim.version);
    } catch (error) {
      if (!(error instanceof BadVersionError)) return this.#parts.failed(error, claim.place);
      // Its session has ended meanwhile.
      const isNobodys = claim.origin.session === 0 && !this.#parts.keepOnSessionEnd;
      if (isNobodys) return disposal.discard(claim.node!);
      this.#resume(claim);
    } finally {
      this.#inDoubt.delete(claim.key);
    }
  }

  #resume(claim: Claim): void {
    const { book, counts, clock } = this.#parts;
    claim.state = 'held';
    claim.setLease(claim.lockTimeoutMs, clock.nowMs());
    book.add(claim);
    counts.resumed();
    this.#watches.timers.set(claim);
    this.#watches.held.addWritten(claim);
  }

  /** A waiter's request is taken back, which goes on when its caller has its answer. */
  #giveUp(claim: Claim): void {
    this.end(claim);
    claim.request?.cancel();
    this.#leaving.add(claim);
  }
}
