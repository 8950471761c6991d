import type { ClaimInfo, HolderInfo, LockEvent, LockInfo, WaiterInfo } from '../contract/lock-info.ts';

/** As many holders, and as many waiters, of a lock are known by name; the rest is counted. */
const CLAIMS_MAX = 100;

/** What the page knows of one lock. It changes in place: rows are many and change often. */
export class LockRow {
  readonly name: string;
  readonly shard: number;
  size: number;
  /** Oldest grant first. */
  holders: HolderInfo[] = [];
  /** Next one first: a beginning of the queue, without a gap. */
  waiters: WaiterInfo[] = [];
  holderCount = 0;
  waiterCount = 0;
  /** What a snapshot that is being read has not confirmed yet. */
  isStale = false;
  /** Grows with every change, so that whoever draws the row sees whether it must. */
  version = 0;
  /** What searches look at. */
  readonly searchText: string;

  constructor(name: string, shard: number, size: number) {
    this.name = name;
    this.shard = shard;
    this.size = size;
    this.searchText = name.toLowerCase();
  }

  get isIdle(): boolean {
    return this.holderCount === 0 && this.waiterCount === 0;
  }

  /** The holder that a row shows. */
  get first(): HolderInfo | undefined {
    return this.holders[0];
  }

  /** True when some holders or waiters are known by their number alone. */
  get isPartial(): boolean {
    return (
      this.holders.length < Math.min(this.holderCount, CLAIMS_MAX) ||
      this.waiters.length < Math.min(this.waiterCount, CLAIMS_MAX)
    );
  }

  /** Takes the whole truth about the lock. */
  replace(lock: LockInfo): void {
    this.size = lock.size;
    this.holders = lock.holders.slice(0, CLAIMS_MAX);
    this.waiters = lock.waiters.slice(0, CLAIMS_MAX);
    this.#changed(lock);
  }

  apply(event: LockEvent): void {
    const { claim, type } = event;
    this.size = event.size;
    if (type === 'waiting') {
      this.#enqueue(claim, event.waiterCount);
    } else {
      remove(this.waiters, claim.claimId);
      if (type === 'granted' || type === 'renewed') this.#hold(claim as HolderInfo);
      else remove(this.holders, claim.claimId);
    }
    this.#changed(event);
  }

  /** Leaves nothing of what was known but the name. */
  forget(): void {
    this.holders = [];
    this.waiters = [];
  }

  #enqueue(claim: WaiterInfo, waiterCount: number): void {
    remove(this.waiters, claim.claimId);
    // Behind a gap its place in the queue would be shown wrong.
    const isNext = this.waiters.length === waiterCount - 1;
    if (isNext && this.waiters.length < CLAIMS_MAX) this.waiters.push(claim);
  }

  #hold(claim: HolderInfo): void {
    const index = this.holders.findIndex(({ claimId }) => claimId === claim.claimId);
    if (index >= 0) this.holders[index] = claim;
    else if (this.holders.length < CLAIMS_MAX) this.holders.push(claim);
  }

  #changed(counts: { readonly holderCount: number; readonly waiterCount: number }): void {
    this.holderCount = counts.holderCount;
    this.waiterCount = counts.waiterCount;
    // Lists that say more than the counts have missed something: the oldest are the ones that may be gone.
    this.holders.splice(0, Math.max(0, this.holders.length - this.holderCount));
    this.waiters.splice(0, Math.max(0, this.waiters.length - this.waiterCount));
    this.isStale = false;
    this.version++;
  }
}

function remove(claims: ClaimInfo[], claimId: string): void {
  const index = claims.findIndex((claim) => claim.claimId === claimId);
  if (index >= 0) claims.splice(index, 1);
}
