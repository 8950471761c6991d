/** What a core counts. The first four are levels, the others grow from 0 for as long as the core lives. */
export class CoreCounters {
  /** Locks by name, also idle ones that are not collected yet. */
  locks = 0;
  holders = 0;
  waiters = 0;
  /** Sessions that have claimed a lock and are not cleared away. */
  sessions = 0;
  grants = 0;
  /** Those of them that found the lock free. */
  immediateGrants = 0;
  /** Grants given back: by Unlock, or because the call that they answered was gone. */
  unlocks = 0;
  /** Grants that ended by their lock timeout. */
  expiries = 0;
  /** Grants that ended with their session. */
  sessionReleases = 0;
  /** Grants that were undone because they could not be recorded. */
  revocations = 0;
  renewals = 0;
  /** Waiters whose wait timeout passed. */
  waitTimeouts = 0;
  /** Calls whose caller's deadline passed before they were taken or while they waited. */
  deadlines = 0;
  /** Waiters that were cancelled or whose session ended. */
  departures = 0;
  /** Calls that repeated a request id whose claim waits or holds. */
  repeats = 0;
  /** Idle locks that were collected. */
  collections = 0;
}
