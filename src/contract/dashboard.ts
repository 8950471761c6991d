/** What the dashboard's page and its server say to each other, beside the steps of a watch. Times are wall ms of the server. */

/** The answer to `GET /api/info`. */
export interface DashboardInfo {
  readonly version: string;
  readonly startedMs: number;
  /** Shards of which a watch tells. */
  readonly shards: number;
  /** False where the locks are not divided among threads of the server: what is told of its shard is of all of it. */
  readonly isSharded: boolean;
  /** Goes back with each request that changes something, so that no other site's page can make one. */
  readonly token: string;
}

/** The numbers of one shard. The first three are levels, the others grow from 0 for as long as the server lives. */
export interface ShardSample {
  readonly locks: number;
  readonly holders: number;
  readonly waiters: number;
  readonly requests: number;
  readonly grants: number;
  /** Grants that ended in any way but by their timeout. */
  readonly releases: number;
  readonly expiries: number;
}

/** Durations counted by size since the server started. */
export interface DurationHistogram {
  /** The longest duration that each bucket counts, ascending, in ms. */
  readonly boundsMs: readonly number[];
  /** Durations in each bucket alone; the last one, behind all bounds, counts what is longer. */
  readonly counts: readonly number[];
}

/** What the server tells of itself every second. */
export interface ServerSample {
  readonly timeMs: number;
  readonly connections: number;
  readonly sessions: number;
  readonly shards: readonly ShardSample[];
  /** How long grants were waited for, and how long they were held. */
  readonly waited: DurationHistogram;
  readonly held: DurationHistogram;
}

/** Why the event stream tells of no locks. */
export interface LocksWithheld {
  /** As many are held or waited for, as far as was counted. */
  readonly count: number;
  readonly locksMax: number;
}

/** The body of `POST /api/unlock`. */
export interface UnlockRequestBody {
  readonly name: string;
  /** The first 8 characters of the holder's key, or more of them; absent with `all`. */
  readonly key?: string;
  readonly all?: boolean;
}

/** The answer when something was released. */
export interface UnlockAnswer {
  readonly released: number;
}

/** Every answer that is not what was asked for. */
export interface ErrorAnswer {
  /** Stable, in capitals. */
  readonly code: string;
  /** For people: what was wrong and what would be right. */
  readonly message: string;
}
