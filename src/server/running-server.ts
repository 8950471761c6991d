/** A server that runs. */
export interface RunningServer {
  /** Where it listens, as `host:port`: one for each address that the host name resolves to. */
  readonly addresses: readonly string[];
  /** Where REST is served, in the same form; empty when it is not. */
  readonly restAddresses: readonly string[];
  /** Where metrics, health and the dashboard are served, in the same form; empty when they are not. */
  readonly adminAddresses: readonly string[];
  /** Resolves when the server has ended in order; rejects when it could not go on. */
  readonly closed: Promise<void>;
  /**
   * Ends the server in order: waiting Lock calls get UNAVAILABLE, Unlock and Renew are still served while clients
   * are told to go, and what is left after the grace period is cut off.
   */
  close(): Promise<void>;
  /** What the server holds right now. Each shard's numbers are those of the end of its last turn. */
  stats(): ServerStats;
}

/** What a server holds. */
export interface ServerStats {
  readonly connections: number;
  /** Locks by name, also idle ones that are not collected yet. */
  readonly locks: number;
  readonly holders: number;
  readonly waiters: number;
  /** Sessions that have claimed a lock and not ended. */
  readonly sessions: number;
  /** Grants since the start. */
  readonly grants: number;
}
