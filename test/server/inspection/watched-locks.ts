import type { HolderInfo, LockInfo, WaiterInfo, WatchStep } from '../../../src/contract/lock-info.ts';

interface WatchedLock {
  size: number;
  holderCount: number;
  waiterCount: number;
  /** By claim id, in their order. */
  readonly holders: Map<string, HolderInfo | WaiterInfo>;
  readonly waiters: Map<string, HolderInfo | WaiterInfo>;
}

/** What a reader of a watch knows who does no more than the contract says: a naive model of the locks. */
export class WatchedLocks {
  readonly problems: string[] = [];
  missed = 0;
  snapshots = 0;
  steps = 0;
  readonly #locks = new Map<string, WatchedLock>();
  readonly #shardOf = new Map<string, number>();
  readonly #sequences = new Map<number, number>();

  apply(steps: readonly WatchStep[]): void {
    for (const step of steps) {
      this.steps++;
      const before = this.#sequences.get(step.shard) ?? 0;
      if (step.sequence <= before) this.problems.push(`sequence ${step.sequence} behind ${before}`);
      else if (step.sequence !== before + 1 && step.kind !== 'missed')
        this.problems.push(`gap before ${step.sequence}`);
      this.#sequences.set(step.shard, step.sequence);
      this.#applyOne(step);
    }
  }

  /** What is known, as texts that can be compared with those of other locks that are put into the same words. */
  describe(words: (lock: Omit<LockInfo, 'shard'>) => string = describeLock): string[] {
    const texts = [...this.#locks].map(([name, lock]) =>
      words({
        name,
        size: lock.size,
        holderCount: lock.holderCount,
        waiterCount: lock.waiterCount,
        holders: [...lock.holders.values()] as HolderInfo[],
        waiters: [...lock.waiters.values()],
      }),
    );
    return texts.sort();
  }

  #applyOne(step: WatchStep): void {
    switch (step.kind) {
      case 'snapshotBegin':
        for (const [name, shard] of this.#shardOf) if (shard === step.shard) this.#forget(name);
        return;
      case 'lock':
        return this.#replace(step.lock);
      case 'snapshotEnd':
        this.snapshots++;
        return;
      case 'missed':
        this.missed += step.count;
        return;
      case 'event':
        return this.#event(step);
    }
  }

  #forget(name: string): void {
    this.#locks.delete(name);
    this.#shardOf.delete(name);
  }

  #replace({ name, size, shard, holderCount, waiterCount, holders, waiters }: LockInfo): void {
    this.#shardOf.set(name, shard);
    this.#locks.set(name, {
      size,
      holderCount,
      waiterCount,
      holders: new Map(holders.map((claim) => [claim.claimId, claim])),
      waiters: new Map(waiters.map((claim) => [claim.claimId, claim])),
    });
  }

  #event({ shard, event }: WatchStep & { readonly kind: 'event' }): void {
    const { type, name, size, holderCount, waiterCount, claim } = event;
    const fresh = { size, holderCount: 0, waiterCount: 0, holders: new Map(), waiters: new Map() };
    const lock = this.#locks.get(name) ?? fresh;
    if (type === 'waiting') lock.waiters.set(claim.claimId, claim);
    else lock.waiters.delete(claim.claimId);
    if (type === 'granted' || type === 'renewed') lock.holders.set(claim.claimId, claim);
    else lock.holders.delete(claim.claimId);
    Object.assign(lock, { size, holderCount, waiterCount });
    this.#locks.set(name, lock);
    this.#shardOf.set(name, shard);
    if (holderCount + waiterCount === 0) this.#forget(name);
  }
}

/** A lock in one line: who holds it and who waits, in order. */
export function describeLock(lock: Omit<LockInfo, 'shard'>): string {
  const holders = lock.holders.map(({ claimId, deadlineMs, key }) => `${claimId} ${key} ${deadlineMs}`);
  const waiters = lock.waiters.map(({ claimId, deadlineMs }) => `${claimId} ${deadlineMs}`);
  return `${lock.name} ${lock.size} ${lock.holderCount}/${lock.waiterCount} [${holders}] [${waiters}]`;
}
