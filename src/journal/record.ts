/** What a record in a batch says. Each begins with its type in one byte. */
export const RecordType = {
  /** A claim was granted at the batch's time. */
  Grant: 1,
  /** A claim that was granted earlier, with its own times: from a snapshot. */
  Held: 2,
  /** A grant has ended; the cause is with it. */
  Release: 3,
  /** A grant has a new lock timeout, counted from the batch's time. */
  Renew: 4,
  /** An idle lock was forgotten. */
  LockClosed: 5,
  /** A lock that nobody holds, whose size still counts: from a snapshot. */
  IdleLock: 6,
  /** A request id that is refused: by an Unlock that found no grant with it, or from a snapshot. */
  ReleasedRequest: 7,
  /** The last fencing token that was given. */
  Tokens: 8,
  /**
   * Everything before this, from the file's beginning, was a snapshot with what was decided meanwhile: there a claim
   * may come twice, or end before it comes. Behind it each record must fit the state.
   */
  SnapshotEnd: 9,
} as const;

export type RecordType = (typeof RecordType)[keyof typeof RecordType];

/** Bits of a Grant's or Held's second byte. */
export const GRANT_SHARED = 1;

/*
 * Where the fields of each record stand. Texts follow behind the fixed part, in the order of their lengths.
 */
export const GrantField = {
  Flags: 1,
  RequestIdLength: 2,
  HolderLength: 4,
  NameLength: 8,
  Size: 12,
  Permits: 16,
  Key: 20,
  TokenHigh: 36,
  TokenLow: 40,
  LockTimeoutMs: 44,
  Session: 52,
  /** Of a Grant the texts stand here; of a Held its times come first. */
  Bytes: 60,
  SinceMs: 60,
  DeadlineMs: 68,
  HeldBytes: 76,
} as const;

export const ReleaseField = { Cause: 1, NameLength: 4, Key: 8, Bytes: 24 } as const;
export const RenewField = { NameLength: 4, Key: 8, LockTimeoutMs: 24, DeadlineMs: 32, Bytes: 40 } as const;
export const LockField = { NameLength: 4, Size: 8, Bytes: 12 } as const;
export const RequestField = { KeyLength: 4, ForgetAtMs: 8, Bytes: 16 } as const;
export const TokensField = { High: 4, Low: 8, Bytes: 12 } as const;
export const MarkField = { Bytes: 4 } as const;
