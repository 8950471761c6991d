/**
 * The error codes that travel in the `error` field of LDLM replies.
 * The numbers are those of the `ErrorCode` enum in protos/ldlm.proto.
 */
export const ErrorCode = {
  Unknown: 0,
  LockDoesNotExist: 1,
  InvalidLockKey: 2,
  LockWaitTimeout: 3,
  NotLocked: 4,
  LockDoesNotExistOrInvalidKey: 5,
  LockSizeMismatch: 6,
  InvalidLockSize: 7,
} as const;

export type ErrorCode = (typeof ErrorCode)[keyof typeof ErrorCode];
