/**
 * The messages of protos/ldlm-admin.proto as the program gets them: 64-bit integers as decimal digits, enum values as
 * names. What a reply leaves out of a oneof or of an optional field is absent.
 */

interface SessionReply {
  readonly session_id: string;
  readonly address: string;
  readonly protocol: string;
}

export interface WaiterReply {
  readonly session: SessionReply | null;
  readonly holder: string;
  readonly mode: string;
  readonly permits: number;
  readonly age_ms: string;
  readonly remaining_ms?: string;
  readonly claim_id: string;
}

export interface HolderReply extends WaiterReply {
  readonly key: string;
  readonly lock_timeout_ms: string;
  readonly fencing_token: string;
  readonly age_at_most: boolean;
}

export interface LockReply {
  readonly name: string;
  readonly size: number;
  readonly shard: number;
  readonly holder_count: string;
  readonly waiter_count: string;
  readonly holders: readonly HolderReply[];
  readonly waiters: readonly WaiterReply[];
}

export interface ListLocksReply {
  readonly locks: readonly LockReply[];
  readonly next_page_token: string;
}

export interface UnlockReply {
  readonly released: readonly HolderReply[];
  readonly released_count: string;
  readonly error?: { readonly code: string; readonly message: string } | null;
  readonly holders: readonly HolderReply[];
  readonly holder_count: string;
}

export interface LockEventReply {
  readonly type: string;
  readonly name: string;
  readonly size: number;
  readonly holder_count: string;
  readonly waiter_count: string;
  readonly time_ms: string;
  readonly holder?: HolderReply;
  readonly waiter?: WaiterReply;
}

export interface WatchStepReply {
  readonly shard: number;
  readonly sequence: string;
  readonly snapshot_begin?: object;
  readonly lock?: LockReply;
  readonly snapshot_end?: object;
  readonly event?: LockEventReply;
  readonly missed?: { readonly count: string };
}

export interface ServerInfoReply {
  readonly version: string;
  readonly node_version: string;
  readonly pid: string;
  readonly started_at_ms: string;
  readonly uptime_ms: string;
  readonly grpc_addresses: readonly string[];
  readonly rest_addresses: readonly string[];
  readonly admin_addresses: readonly string[];
  readonly state_file: string;
  readonly serving: boolean;
  readonly grpc_connections: string;
  readonly rest_sessions: string;
  readonly shards: readonly ShardReply[];
  /** Empty: the server does not say. */
  readonly engine: string;
  readonly ensemble: string;
}

export interface ShardReply {
  readonly shard: number;
  readonly locks: string;
  readonly holders: string;
  readonly waiters: string;
  readonly grants: string;
  readonly expiries: string;
}
