import type {
  ClaimInfo,
  HolderInfo,
  LockEvent,
  LockInfo,
  SessionInfo,
  WaiterInfo,
  WatchStep,
} from '../../contract/lock-info.ts';
import { shownKey, type UnlockOutcome } from '../inspection/inspector.ts';
import type { ServerInfo } from '../server-info.ts';

/** Makes the messages of `ldlm.Admin`, in the form of {@link loadMethod}. Times turn into ages and remaining times. */
export class AdminMessages {
  readonly #wholeKeys: boolean;

  /** @param wholeKeys whether keys are shown whole, to readers who may use them, or their first 8 characters. */
  constructor(wholeKeys: boolean) {
    this.#wholeKeys = wholeKeys;
  }

  lock(lock: LockInfo, nowMs: number): object {
    return {
      name: lock.name,
      size: lock.size,
      shard: lock.shard,
      holder_count: lock.holderCount,
      waiter_count: lock.waiterCount,
      holders: this.holders(lock.holders, nowMs),
      waiters: lock.waiters.map((waiter) => waiterMessage(waiter, nowMs)),
    };
  }

  holders(holders: readonly HolderInfo[], nowMs: number): object[] {
    return holders.map((holder) => this.#holder(holder, nowMs));
  }

  unlock({ released, releasedCount, refusal, holders, holderCount }: UnlockOutcome, nowMs: number): object {
    return {
      released: this.holders(released, nowMs),
      released_count: releasedCount,
      holders: this.holders(holders, nowMs),
      holder_count: holderCount,
      ...(refusal !== null && { error: refusal }),
    };
  }

  step(step: WatchStep, nowMs: number): object {
    const { shard, sequence } = step;
    switch (step.kind) {
      case 'snapshotBegin':
        return { shard, sequence, snapshot_begin: {} };
      case 'lock':
        return { shard, sequence, lock: this.lock(step.lock, nowMs) };
      case 'snapshotEnd':
        return { shard, sequence, snapshot_end: {} };
      case 'event':
        return { shard, sequence, event: this.#event(step.event, step.timeMs) };
      case 'missed':
        return { shard, sequence, missed: { count: step.count } };
    }
  }

  #event(event: LockEvent, timeMs: number): object {
    const { type, name, size, holderCount, waiterCount, claim } = event;
    return {
      type: type.toUpperCase(),
      name,
      size,
      holder_count: holderCount,
      waiter_count: waiterCount,
      time_ms: Math.round(timeMs),
      ...('key' in claim
        ? { holder: this.#holder(claim, timeMs) }
        : { waiter: waiterMessage(claim, timeMs) }),
    };
  }

  #holder(holder: HolderInfo, nowMs: number): object {
    // A listing makes millions of these: spreading one object into another would take most of its time.
    return {
      key: this.#wholeKeys ? holder.key : shownKey(holder.key),
      session: sessionMessage(holder),
      holder: holder.holder,
      mode: holder.mode,
      permits: holder.permits,
      age_ms: ageOf(holder, nowMs),
      remaining_ms: remainingOf(holder, nowMs),
      lock_timeout_ms: wholeMs(holder.lockTimeoutMs),
      fencing_token: holder.fencingToken,
      claim_id: holder.claimId,
      age_at_most: holder.isSinceAsked === true,
    };
  }
}

function waiterMessage(waiter: WaiterInfo, nowMs: number): object {
  return {
    session: sessionMessage(waiter),
    holder: waiter.holder,
    mode: waiter.mode,
    permits: waiter.permits,
    age_ms: ageOf(waiter, nowMs),
    remaining_ms: remainingOf(waiter, nowMs),
    claim_id: waiter.claimId,
  };
}

function sessionMessage({ sessionId, address, protocol }: SessionInfo): object {
  return { session_id: sessionId, address, protocol };
}

/** The time that is reckoned with was read a moment apart from the times in the shard, hence never below zero. */
function ageOf({ sinceMs }: ClaimInfo, nowMs: number): number {
  return Math.max(0, Math.round(nowMs - sinceMs));
}

/** Undefined, which is left out of the message, where there is no end. */
function remainingOf({ deadlineMs }: ClaimInfo, nowMs: number): number | undefined {
  return deadlineMs === null ? undefined : Math.max(0, wholeMs(deadlineMs - nowMs));
}

/** Timeouts may have more milliseconds than an int64 holds: so long a time is as good as one that both sides can count. */
function wholeMs(ms: number): number {
  return Math.min(Number.MAX_SAFE_INTEGER, Math.round(ms));
}

export function serverInfoMessage(info: ServerInfo): object {
  return {
    version: info.version,
    node_version: process.version,
    pid: process.pid,
    started_at_ms: Math.round(info.startedAtMs),
    uptime_ms: Math.round(info.uptimeMs),
    grpc_addresses: info.grpcAddresses,
    rest_addresses: info.restAddresses,
    admin_addresses: info.adminAddresses,
    state_file: info.stateFile,
    serving: info.serving,
    grpc_connections: info.grpcConnections,
    rest_sessions: info.restSessions,
    shards: info.shards,
    engine: info.engine,
    ensemble: info.ensemble,
  };
}
