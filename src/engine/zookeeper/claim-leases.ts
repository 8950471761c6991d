import { NoNodeError } from '../../zookeeper/server-refusal.ts';
import type { Claim } from './claim.ts';
import type { LockDeskParts } from './lock-desk-parts.ts';
import { textOf } from './lock-place.ts';
import { encodeNodeData, type NodeData } from './node-data.ts';

/** What comes of a lease that has another end. */
export interface LeaseEvents {
  deadlineMoved(claim: Claim): void;
  /** Its node is gone. */
  gone(claim: Claim): void;
  /** Whether the node is looked after, so that its end would be known. */
  isWatched(claim: Claim): boolean;
}

/** How long held locks are held, and what their nodes say of it. */
export class ClaimLeases {
  readonly #parts: LockDeskParts;
  readonly #events: LeaseEvents;

  constructor(parts: LockDeskParts, events: LeaseEvents) {
    this.#parts = parts;
    this.#events = events;
  }

  /**
   * Gives a held lock another lease, as its holder asks here. A node that stays has to say how long that is, for those who see to it
   * when this server is gone; also where this server has said it before, because another one may have written something shorter
   * since, of which this one knows nothing yet. Without any said, other servers would not renew it.
   *
   * @returns whether it is held
   */
  async renew(claim: Claim, lockTimeoutMs: number): Promise<boolean> {
    const { nodes, register } = this.#parts;
    const path = claim.node!.path;
    const isSaid = claim.lockTimeoutMs > 0 && register === null && !claim.nodeStays;
    claim.isRenewedHere = true;
    this.#renew(claim, lockTimeoutMs);
    try {
      if (!isSaid) {
        const { version } = await this.#write(claim);
        claim.version = Math.max(claim.version, version);
      }
      // Somebody may have removed it already, of which nobody would tell this server yet.
      else if (!this.#events.isWatched(claim) && (await nodes.exists(path)) === null)
        this.#events.gone(claim);
    } catch (error) {
      if (!(error instanceof NoNodeError)) throw error;
      this.#events.gone(claim);
    }
    return claim.state === 'held';
  }

  /** Another server has written the node. */
  written(claim: Claim, { lockTimeoutMs, asksRenewal }: NodeData): void {
    if (lockTimeoutMs > 0 && claim.lockTimeoutMs > 0) this.#renewedElsewhere(claim, lockTimeoutMs);
    if (asksRenewal) void this.#confirm(claim);
  }

  /**
   * Says in a node that stays that this server sees to the lock from now on.
   *
   * @throws BadVersionError when another server has written it meanwhile, whose renewal would be lost
   */
  async takeOver(claim: Claim): Promise<void> {
    claim.version = (await this.#write(claim, claim.version)).version;
  }

  /** What the node of a claim says that was granted then, 0 for not yet. */
  dataOf(claim: Claim, grantedMs: number, lockTimeoutMs = claim.lockTimeoutMs): Buffer {
    const { origin, holder, askedMs } = claim;
    const { nodes, serverName, describeSession } = this.#parts;
    return encodeNodeData({
      ...{ server: serverName(nodes.sessionId), client: describeSession(origin.session) },
      ...{ holder: textOf(holder), lockTimeoutMs, sinceMs: askedMs, grantedMs, asksRenewal: false },
    });
  }

  #renew(claim: Claim, lockTimeoutMs: number): void {
    claim.setLease(lockTimeoutMs, this.#parts.clock.nowMs());
    this.#events.deadlineMoved(claim);
    this.#parts.counts.renewed();
  }

  /** Of which renewal its holder was told last, nobody knows when there was one here, too: then the longer lease holds. */
  #renewedElsewhere(claim: Claim, lockTimeoutMs: number): void {
    const endsMs = this.#parts.clock.nowMs() + lockTimeoutMs;
    if ((claim.isRenewedHere || claim.isShared) && endsMs < claim.deadlineMs) return;
    this.#renew(claim, lockTimeoutMs);
  }

  /** Says that it was renewed, by taking away what asks for that. */
  async #confirm(claim: Claim): Promise<void> {
    try {
      claim.version = (await this.#write(claim, claim.version)).version;
    } catch {
      // Whoever asks has no answer then, and asks again; what was written meanwhile is seen by the watch.
    }
  }

  #write(claim: Claim, version?: number): ReturnType<LockDeskParts['nodes']['setData']> {
    return this.#parts.nodes.setData(claim.node!.path, this.dataOf(claim, claim.grantedMs), version);
  }
}
