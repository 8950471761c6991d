import type { HolderInfo, LockInfo, WaiterInfo } from '../../contract/lock-info.ts';
import type { Claim } from '../../engine/zookeeper/claim.ts';
import { textOf } from '../../engine/zookeeper/lock-place.ts';
import type { PlacedContender, PlacedLock } from '../../engine/zookeeper/placed-lock.ts';

/** What the engine of this server knows better than ZooKeeper, and does at once. Names and keys are byte strings. */
export interface LocalClaims {
  claimOf(name: string, key: string): Claim | null;
  release(claim: Claim): Promise<boolean>;
}

const UNKNOWN = { sessionId: '', address: '', protocol: '' } as const;

/** Turns locks as ZooKeeper has them into what listings and watches say. */
export class ClusterRows {
  readonly #local: Pick<LocalClaims, 'claimOf'>;

  constructor(local: Pick<LocalClaims, 'claimOf'>) {
    this.#local = local;
  }

  lock(lock: PlacedLock): LockInfo {
    return {
      name: textOf(lock.place.name),
      size: lock.size,
      shard: 0,
      holderCount: lock.holderCount,
      waiterCount: lock.waiterCount,
      holders: lock.holders.map((contender) => this.holder(lock, contender)),
      waiters: lock.waiters.map((contender) => this.waiter(lock, contender)),
    };
  }

  holder(lock: PlacedLock, contender: PlacedContender): HolderInfo {
    const { key, stat, data } = contender;
    const claim = this.#local.claimOf(lock.place.name, key);
    const row = this.waiter(lock, contender);
    // Only the server knows that did it, unless the node says so.
    const grantedMs = claim?.grantedMs || data?.grantedMs || 0;
    return {
      ...row,
      ...(grantedMs > 0 ? { sinceMs: Math.round(grantedMs) } : { isSinceAsked: true }),
      key,
      lockTimeoutMs: claim?.lockTimeoutMs ?? data?.lockTimeoutMs ?? 0,
      fencingToken: stat.czxid.toString(),
    };
  }

  waiter(lock: PlacedLock, { key, stat, data, text, isReader }: PlacedContender): WaiterInfo {
    const claim = this.#local.claimOf(lock.place.name, key);
    const deadlineMs = claim?.deadlineMs ?? Number.POSITIVE_INFINITY;
    return {
      // Its key would do, but not everybody may know that.
      claimId: stat.czxid.toString(16),
      ...(data?.client ?? UNKNOWN),
      holder: data === null ? `external ${text}`.trim() : data.holder,
      mode: isReader ? 'SHARED' : 'EXCLUSIVE',
      permits: 1,
      sinceMs: Math.round(data?.sinceMs || stat.createdMs),
      // Only the server that looks after it knows.
      deadlineMs: deadlineMs === Number.POSITIVE_INFINITY ? null : Math.round(deadlineMs),
    };
  }
}
