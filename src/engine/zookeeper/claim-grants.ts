import { type Refusal, Refusals } from '../../contract/refusal.ts';
import type { Origin } from '../../core/origin.ts';
import { CallEnd, FencingToken } from '../../core/sink.ts';
import { isSessionOver, isUnanswered } from '../../zookeeper/locks/node-removal.ts';
import type { QueueNode } from '../../zookeeper/locks/queue-node.ts';
import { NoNodeError } from '../../zookeeper/server-refusal.ts';
import { TooManyRequestsError } from '../../zookeeper/zookeeper-error.ts';
import { type Claim, readToken } from './claim.ts';
import type { ClaimEnds, ClaimWatches } from './claim-ends.ts';
import type { ClaimLeases } from './claim-leases.ts';
import { inheritGrant, leaveInherited } from './inherited-grant.ts';
import type { LockDeskParts } from './lock-desk-parts.ts';
import { lockRequestOf } from './lock-request.ts';
import { LockRefusedError, NodeRemovedError, RequestElsewhereError } from './refused-error.ts';

/** The way of a claim to its grant, or to what it is told instead. */
export class ClaimGrants {
  readonly #parts: LockDeskParts;
  readonly #ends: ClaimEnds;
  readonly #leases: ClaimLeases;
  readonly #watches: ClaimWatches;
  readonly #token = new FencingToken();

  constructor(parts: LockDeskParts, ends: ClaimEnds, leases: ClaimLeases, watches: ClaimWatches) {
    this.#parts = parts;
    this.#ends = ends;
    this.#leases = leases;
    this.#watches = watches;
  }

  /** Resolves when the claim is held or has ended, and whoever waits for it was told. */
  async run(claim: Claim): Promise<void> {
    const { register } = this.#parts;
    try {
      const leaving = this.#ends.before(claim);
      if (leaving !== null) await leaving;
      if (register !== null) await register.ready();
      if (isEnded(claim)) return;
      const mode = register === null ? 'ephemeralSequential' : 'persistentSequential';
      claim.request = lockRequestOf(this.#parts, claim, this.#leases.dataOf(claim, 0), mode);
      const node = await claim.request.run();
      if (node === null) this.#taken(claim);
      else if (register === null) await this.#granted(claim, node);
      else await this.#markGranted(claim, node);
    } catch (error) {
      await this.#inheritOr(claim, error);
    }
  }

  /** Tells a call that the claim is held. */
  tell(claim: Claim, origin: Origin): void {
    const { place, lockKey, node } = claim;
    claim.toldSession = origin.session;
    this.#parts.replies.granted(origin, place.name, lockKey, readToken(node!, this.#token));
  }

  /**
   * A node that stays says that its lock was granted, before anybody is told: if this server is gone, whoever finds the node knows
   * that somebody may hold the lock.
   */
  async #markGranted(claim: Claim, node: QueueNode): Promise<void> {
    const { nodes, clock } = this.#parts;
    const { disposal } = this.#watches;
    try {
      if (claim.state === 'ended') return void (await disposal.discard(node));
      // Its caller may ask for another lease meanwhile, by a call that takes the place of this one.
      let saidMs: number;
      do {
        saidMs = claim.lockTimeoutMs;
        const { version } = await nodes.setData(node.path, this.#leases.dataOf(claim, clock.nowMs()));
        claim.version = version;
      } while (claim.lockTimeoutMs !== saidMs);
      await this.#granted(claim, node);
    } catch (error) {
      await disposal.discard(node);
      // Somebody has removed it while it waited for this.
      if (!(error instanceof NoNodeError)) throw error;
      this.#refuse(claim, CallEnd.Unreachable);
    }
  }

  async #granted(claim: Claim, node: QueueNode): Promise<void> {
    const { nodes } = this.#parts;
    if (!nodes.isSessionAlive(node.sessionId)) this.#refuse(claim, CallEnd.Unreachable);
    if (claim.state === 'ended') return this.#watches.disposal.discard(node);
    this.#hold(claim, node);
  }

  #hold(claim: Claim, node: QueueNode): void {
    const { clock, counts } = this.#parts;
    const nowMs = clock.nowMs();
    claim.state = 'held';
    claim.node = node;
    claim.grantedMs = nowMs;
    claim.setLease(claim.lockTimeoutMs, nowMs);
    this.#watches.timers.set(claim);
    this.#watches.held.add(claim);
    counts.granted(claim);
    this.tell(claim, claim.origin);
  }

  /** TryLock finds the lock taken. */
  #taken(claim: Claim): void {
    if (claim.state === 'ended') return;
    this.#ends.end(claim);
    this.#parts.counts.refused();
    this.#parts.replies.notLocked(claim.origin, claim.place.name, null);
  }

  /** A request that another server has granted which is gone since is granted once more; any other failure is told. */
  async #inheritOr(claim: Claim, error: unknown): Promise<void> {
    try {
      const path = error instanceof RequestElsewhereError ? error.grantedPath : null;
      // Who has locks that end with its session does not say that it is there, nor what is renewed.
      const canInherit = path !== null && this.#parts.register !== null;
      if (!canInherit || !(await this.#inherit(claim, path))) this.#failed(claim, error);
    } catch (inheriting) {
      this.#failed(claim, inheriting);
    }
  }

  /** False: it is another server's, or gone. */
  async #inherit(claim: Claim, path: string): Promise<boolean> {
    const { nodes } = this.#parts;
    const inherited = await inheritGrant(this.#parts, this.#leases, claim, path);
    if (inherited === null || !nodes.isSessionAlive(inherited.node.sessionId)) return false;
    if (claim.state === 'ended') {
      await leaveInherited(this.#parts, path);
      return true;
    }
    const { node, version, lockTimeoutMs } = inherited;
    Object.assign(claim, { version, lockTimeoutMs });
    // Its caller may have been told of the grant by the other server.
    claim.isShared = true;
    this.#hold(claim, node);
    return true;
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
    this.#ends.end(claim);
    this.#parts.counts.refused();
    const { replies } = this.#parts;
    if (typeof why === 'number') replies.ended(claim.origin, why);
    else replies.notLocked(claim.origin, claim.place.name, why);
  }
}

/** It may have ended meanwhile. */
function isEnded({ state }: Claim): boolean {
  return state === 'ended';
}
