import type {
  ClaimInfo,
  HolderInfo,
  LockEvent,
  LockInfo,
  SessionInfo,
  WaiterInfo,
  WatchStep,
} from '../../contract/lock-info.ts';
import {
  type ClaimRow,
  type EventRow,
  eventTypes,
  type LockRow,
  StepKind,
  type StepRow,
} from '../../shard/inspection/inspect-reply.ts';

const unknownSession: SessionInfo = { sessionId: '', address: '', protocol: '' };

/** Knows the sessions whose numbers are in the rows. */
export interface SessionFinder {
  find(session: number): SessionInfo | null;
}

/** Turns the rows in which shards answer into what listings and watches say. */
export class RowReader {
  readonly #sessions: SessionFinder;

  constructor(sessions: SessionFinder) {
    this.#sessions = sessions;
  }

  lock(shard: number, row: LockRow): LockInfo {
    const [name, size, holderCount, waiterCount, holders, waiters] = row;
    return {
      name,
      size,
      shard,
      holderCount,
      waiterCount,
      holders: this.holders(shard, holders),
      waiters: waiters.map((claim) => this.#waiter(shard, claim)),
    };
  }

  holders(shard: number, rows: readonly ClaimRow[]): HolderInfo[] {
    return rows.map((row) => this.#holder(shard, row));
  }

  step(shard: number, row: StepRow): WatchStep {
    const sequence = row[1];
    switch (row[0]) {
      case StepKind.SnapshotBegin:
        return { shard, sequence, kind: 'snapshotBegin' };
      case StepKind.SnapshotEnd:
        return { shard, sequence, kind: 'snapshotEnd' };
      case StepKind.Lock:
        return { shard, sequence, kind: 'lock', lock: this.lock(shard, row[2]) };
      case StepKind.Missed:
        return { shard, sequence, kind: 'missed', count: row[2] };
      case StepKind.Event:
        return { shard, sequence, kind: 'event', timeMs: row[2], event: this.#event(shard, row) };
    }
  }

  #event(shard: number, row: EventRow): LockEvent {
    const [, , , type, name, size, holderCount, waiterCount, claim] = row;
    // Only a holder has a key.
    const info = claim[8] === '' ? this.#waiter(shard, claim) : this.#holder(shard, claim);
    return { type: eventTypes[type]!, name, size, holderCount, waiterCount, claim: info };
  }

  #holder(shard: number, row: ClaimRow): HolderInfo {
    const [, , , , , , , , key, lockTimeoutMs, fencingToken] = row;
    return { ...this.#waiter(shard, row), key, lockTimeoutMs, fencingToken };
  }

  #waiter(shard: number, row: ClaimRow): WaiterInfo & ClaimInfo {
    const [claim, generation, session, holder, mode, permits, sinceMs, deadlineMs] = row;
    const { sessionId, address, protocol } = this.#sessions.find(session) ?? unknownSession;
    return {
      claimId: `${shard}-${claim}-${generation}`,
      sessionId,
      address,
      protocol,
      holder,
      mode: mode === 1 ? 'SHARED' : 'EXCLUSIVE',
      permits,
      sinceMs,
      deadlineMs,
    };
  }
}
