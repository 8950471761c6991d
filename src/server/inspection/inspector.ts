import type { HolderInfo, LockInfo, WatchStep } from '../../contract/lock-info.ts';
import { type Refusal, Refusals } from '../../contract/refusal.ts';
import { LdlmServerError } from '../../contract/server-error.ts';

export interface ListQuery {
  /** Names that begin with this; empty for all. */
  readonly prefix: string;
  /** Locks per page, 1 to `Limits.pageSizeMax`. */
  readonly pageSize: number;
  /** Of the page before; empty for the first. */
  readonly pageToken: string;
  /** Tell who waits, too. */
  readonly waiters: boolean;
}

export interface ListPage {
  /**
   * Locks that are held or waited for, in no order. A lock that was so all the time is on exactly one page. A page may
   * have fewer than were asked for, also none, though others follow.
   */
  readonly locks: readonly LockInfo[];
  /** Empty behind the last page. */
  readonly nextPageToken: string;
  /** The server's time, to reckon ages with. */
  readonly nowMs: number;
}

export interface UnlockQuery {
  readonly name: string;
  /** The whole key of a holder, or at least 8 characters of its beginning; empty for the only holder. */
  readonly key: string;
  /** Release all holders, however many they are. `key` must be empty. */
  readonly all: boolean;
}

export interface UnlockOutcome {
  /** Who held the lock: at most `Limits.listedClaimsMax` of `releasedCount`. */
  readonly released: readonly HolderInfo[];
  readonly releasedCount: number;
  /** Why nothing was released; null when something was. */
  readonly refusal: Refusal | null;
  /** When it was not clear who was meant: those who hold the lock, at most `Limits.listedClaimsMax` of `holderCount`. */
  readonly holders: readonly HolderInfo[];
  readonly holderCount: number;
}

/** Nothing was released, for this reason. */
export function nothingReleased(refusal: Refusal): UnlockOutcome {
  return { released: [], releasedCount: 0, refusal, holders: [], holderCount: 0 };
}

/** A watch that goes on until it is closed. */
export interface Watch {
  /** The listener cannot take more for now. Shards keep some of what happens meanwhile, and count the rest as missed. */
  pause(): void;
  resume(): void;
  close(): void;
}

export interface WatchQuery {
  readonly prefix: string;
}

/** A page token that is none, or one of another boot of the server. */
export class PageTokenError extends LdlmServerError {
  constructor() {
    super('LDLM_PAGE_TOKEN', 'the page token is not one that this server gave since it was started');
  }
}

/** A name or prefix that no lock can have. */
export class NameTooLongError extends LdlmServerError {
  constructor() {
    super('LDLM_NAME_TOO_LONG', Refusals.nameTooLong.message);
  }
}

/** More watches than `Limits.watchesMax`. */
export class TooManyWatchesError extends LdlmServerError {
  constructor(watchesMax: number) {
    super('LDLM_TOO_MANY_WATCHES', `more than ${watchesMax} watches at a time`);
  }
}

/** More questions than `Limits.inspectionsMax` wait for an answer. */
export class TooManyInspectionsError extends LdlmServerError {
  constructor(inspectionsMax: number) {
    super('LDLM_TOO_MANY_INSPECTIONS', `more than ${inspectionsMax} inspections at a time`);
  }
}

/** Nothing may be unlocked, because it could not be written to the state file. */
export class StateSuspendedError extends LdlmServerError {
  constructor() {
    super('LDLM_STATE_SUSPENDED', 'the state file cannot be written');
  }
}

/** The ensemble in which the locks are kept cannot be asked. */
export class ClusterUnreachableError extends LdlmServerError {
  constructor() {
    super('LDLM_CLUSTER_UNREACHABLE', 'ZooKeeper cannot be reached');
  }
}

/** Some of the holders that were meant are released; then something went wrong, which is the cause. */
export class UnlockInterruptedError extends LdlmServerError {
  readonly releasedCount: number;

  constructor(releasedCount: number, cause: unknown) {
    const why = cause instanceof Error ? cause.message : String(cause);
    super('LDLM_UNLOCK_INTERRUPTED', `${releasedCount} holders were released, and then: ${why}`, { cause });
    this.releasedCount = releasedCount;
  }
}

/** The engine has ended or a shard is gone: there is no answer. */
export class InspectionEndedError extends LdlmServerError {
  constructor() {
    super('LDLM_INSPECTION_ENDED', 'the server is shutting down');
  }
}

/**
 * A look at what the shards hold, for administration: keys are whole here, and cut by whoever passes them on to readers
 * who may not use them.
 */
export interface Inspector {
  /** Rejects with PageTokenError, and like the others with NameTooLongError, InspectionEndedError or TooManyInspectionsError. */
  list(query: ListQuery): Promise<ListPage>;
  /** Null when there is no lock by that name, or nobody holds it or waits for it. */
  get(name: string): Promise<LockInfo | null>;
  /** Rejects with StateSuspendedError where nothing can be recorded, with UnlockInterruptedError when it was half done. */
  unlock(query: UnlockQuery): Promise<UnlockOutcome>;
  /**
   * Watches all shards. `listener` gets the steps in the order of each shard, many at a time; it must not throw.
   *
   * @throws NameTooLongError, TooManyWatchesError, InspectionEndedError
   */
  watch(query: WatchQuery, listener: (steps: readonly WatchStep[]) => void): Watch;
}

/** As much of a key as readers see who may not use it. */
export const SHOWN_KEY_CHARACTERS = 8;

/** A key as those readers see it. */
export function shownKey(key: string): string {
  return key.slice(0, SHOWN_KEY_CHARACTERS);
}
