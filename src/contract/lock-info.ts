/**
 * What listings and watches say of locks. Times are wall milliseconds of the server; texts are ordinary strings. A
 * key is whole where its reader may use it, and otherwise its first 8 characters, see `Inspector`.
 */

/** The name of a `LockMode`. */
type LockModeName = 'EXCLUSIVE' | 'SHARED';

/** A session as people know it. */
export interface SessionInfo {
  /** A UUID, the one in the log; empty for a session that ended or was before a restart, whose locks stay. */
  readonly sessionId: string;
  /** `host:port` of the client; over REST the port is 0. Empty where the session id is. */
  readonly address: string;
  readonly protocol: 'grpc' | 'rest' | '';
}

/** What holders and waiters have in common. */
export interface ClaimInfo extends SessionInfo {
  /** Names the claim for as long as it waits or holds: a waiter that is granted the lock keeps it. */
  readonly claimId: string;
  /** The free text that came with the request. */
  readonly holder: string;
  readonly mode: LockModeName;
  readonly permits: number;
  /** When it was granted, or began to wait; see `HolderInfo.isSinceAsked`. */
  readonly sinceMs: number;
  /** When the grant expires or the wait ends; null when never. */
  readonly deadlineMs: number | null;
}

export interface HolderInfo extends ClaimInfo {
  readonly key: string;
  /** 0 for none. */
  readonly lockTimeoutMs: number;
  /** Decimal digits: it may be above what a number holds exactly. */
  readonly fencingToken: string;
  /** `sinceMs` is when it was asked for: another server has granted it, which alone knows when, and when it expires. */
  readonly isSinceAsked?: boolean;
}

export type WaiterInfo = ClaimInfo;

/** A lock with those who hold it, oldest grant first, and those who wait, next one first. */
export interface LockInfo {
  readonly name: string;
  readonly size: number;
  readonly shard: number;
  /** All of them, also where a list below is cut. */
  readonly holderCount: number;
  readonly waiterCount: number;
  /** At most `Limits.listedClaimsMax`. */
  readonly holders: readonly HolderInfo[];
  /** At most as many; empty when they were not asked for. */
  readonly waiters: readonly WaiterInfo[];
}

/** Something that happened to a claim. `left`: a waiter is gone without a grant. */
type LockEventType = 'waiting' | 'granted' | 'renewed' | 'released' | 'expired' | 'left';

export interface LockEvent {
  readonly type: LockEventType;
  readonly name: string;
  readonly size: number;
  /** As they are after the event. */
  readonly holderCount: number;
  readonly waiterCount: number;
  /** The claim as it was; a waiter has neither key nor token. */
  readonly claim: HolderInfo | WaiterInfo;
}

/**
 * One step of a watch. Each shard counts its own steps from 1 on in `sequence`, and begins with a snapshot: first
 * `snapshotBegin`, which makes all that was known of the shard void, then every lock that is held or waited for, and
 * at last `snapshotEnd`. Events may come in between: whoever takes each `lock` for the whole truth about that lock at
 * its place in the sequence, and applies events in order, has the right state at each moment. After `missed` nothing
 * that is known of the shard is sure, and a new snapshot follows.
 */
export type WatchStep = { readonly shard: number; readonly sequence: number } & (
  | { readonly kind: 'snapshotBegin' | 'snapshotEnd' }
  | { readonly kind: 'lock'; readonly lock: LockInfo }
  | { readonly kind: 'event'; readonly timeMs: number; readonly event: LockEvent }
  | { readonly kind: 'missed'; readonly count: number }
);
