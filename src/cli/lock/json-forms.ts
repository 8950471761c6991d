import type {
  HolderReply,
  LockEventReply,
  LockReply,
  ServerInfoReply,
  WaiterReply,
  WatchStepReply,
} from './admin-replies.ts';

/**
 * What `--json` prints. Names are those of the .proto file, integers are numbers, but for fencing tokens, which may be
 * above what a number holds exactly; what has no value is null.
 */
export function lockJson(lock: LockReply, withWaiters: boolean): object {
  return {
    name: lock.name,
    size: lock.size,
    shard: lock.shard,
    holder_count: Number(lock.holder_count),
    waiter_count: Number(lock.waiter_count),
    holders: lock.holders.map(holderJson),
    ...(withWaiters && { waiters: lock.waiters.map(claimJson) }),
  };
}

export function stepJson(step: WatchStepReply): object {
  const at = { shard: step.shard, sequence: Number(step.sequence) };
  if (step.lock !== undefined) return { ...at, step: 'lock', lock: lockJson(step.lock, true) };
  if (step.event !== undefined) return { ...at, step: 'event', ...eventJson(step.event) };
  if (step.missed !== undefined) return { ...at, step: 'missed', count: Number(step.missed.count) };
  return { ...at, step: step.snapshot_begin === undefined ? 'snapshot_end' : 'snapshot_begin' };
}

export function infoJson(info: ServerInfoReply): object {
  return {
    ...info,
    pid: Number(info.pid),
    started_at_ms: Number(info.started_at_ms),
    uptime_ms: Number(info.uptime_ms),
    grpc_connections: Number(info.grpc_connections),
    rest_sessions: Number(info.rest_sessions),
    shards: info.shards.map(({ shard, locks, holders, waiters, grants, expiries }) => ({
      shard,
      locks: Number(locks),
      holders: Number(holders),
      waiters: Number(waiters),
      grants: Number(grants),
      expiries: Number(expiries),
    })),
  };
}

function eventJson(event: LockEventReply): object {
  return {
    type: event.type.toLowerCase(),
    name: event.name,
    size: event.size,
    holder_count: Number(event.holder_count),
    waiter_count: Number(event.waiter_count),
    time_ms: Number(event.time_ms),
    ...(event.holder != null && { holder: holderJson(event.holder) }),
    ...(event.waiter != null && { waiter: claimJson(event.waiter) }),
  };
}

function holderJson(holder: HolderReply): object {
  return {
    key: holder.key,
    ...claimJson(holder),
    lock_timeout_ms: Number(holder.lock_timeout_ms),
    fencing_token: holder.fencing_token,
    age_at_most: holder.age_at_most,
  };
}

function claimJson(claim: WaiterReply): object {
  return {
    session_id: claim.session?.session_id ?? '',
    address: claim.session?.address ?? '',
    protocol: claim.session?.protocol ?? '',
    holder: claim.holder,
    mode: claim.mode,
    permits: claim.permits,
    age_ms: Number(claim.age_ms),
    remaining_ms: claim.remaining_ms === undefined ? null : Number(claim.remaining_ms),
    claim_id: claim.claim_id,
  };
}
