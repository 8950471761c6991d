import type { HolderInfo, LockEvent, LockInfo, WaiterInfo, WatchStep } from '../../src/contract/lock-info.ts';
import { LockRow } from '../../src/page/lock-row.ts';

/** A waiter by the number of its claim; what is not said is the same for all. */
export function waiter(claim: number, parts: Partial<WaiterInfo> = {}): WaiterInfo {
  return {
    claimId: String(claim),
    sessionId: '',
    address: '10.0.0.1:5000',
    protocol: 'grpc',
    holder: `worker-${claim}`,
    mode: 'EXCLUSIVE',
    permits: 1,
    sinceMs: 1_000 + claim,
    deadlineMs: null,
    ...parts,
  };
}

export function holder(claim: number, parts: Partial<HolderInfo> = {}): HolderInfo {
  return { ...waiter(claim), key: `key${claim}`, lockTimeoutMs: 0, fencingToken: String(claim), ...parts };
}

/** A lock with these holders and waiters; the counts are theirs unless others are given. */
export function lock(
  name: string,
  holders: readonly HolderInfo[],
  waiters: readonly WaiterInfo[] = [],
  parts: Partial<LockInfo> = {},
): LockInfo {
  const counts = { holderCount: holders.length, waiterCount: waiters.length };
  return { name, size: 1, shard: 0, ...counts, holders, waiters, ...parts };
}

export function rowOf(
  name: string,
  holders: readonly HolderInfo[],
  waiters: readonly WaiterInfo[] = [],
  parts: Partial<LockInfo> = {},
): LockRow {
  const info = lock(name, holders, waiters, parts);
  const row = new LockRow(name, info.shard, info.size);
  row.replace(info);
  return row;
}

export function event(
  type: LockEvent['type'],
  claim: HolderInfo | WaiterInfo,
  [holderCount, waiterCount]: readonly [number, number],
  name = 'a',
): LockEvent {
  return { type, name, size: 1, holderCount, waiterCount, claim };
}

export function eventStep(of: LockEvent, shard = 0): WatchStep {
  return { shard, sequence: 1, kind: 'event', timeMs: 0, event: of };
}

export function lockStep(of: LockInfo): WatchStep {
  return { shard: of.shard, sequence: 1, kind: 'lock', lock: of };
}

export function step(kind: 'snapshotBegin' | 'snapshotEnd', shard = 0): WatchStep {
  return { shard, sequence: 1, kind };
}
