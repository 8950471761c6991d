import { ErrorCode } from './error-code.ts';

/** Why a lock operation was refused: what goes into the `error` field of a reply whose gRPC status is OK. */
export interface Refusal {
  readonly code: ErrorCode;
  readonly message: string;
}

const refusal = (code: ErrorCode, message: string): Refusal => Object.freeze({ code, message });

/**
 * Every refusal there is, each one object that lives as long as the process, so that refusing allocates nothing.
 * The texts up to `invalidKeyOnRenew` are LDLM's own, to the letter: clients compare them.
 */
export const Refusals = {
  lockTimeoutNegative: refusal(ErrorCode.Unknown, 'lock timeout must be greater than 0'),
  waitTimeoutNegative: refusal(ErrorCode.Unknown, 'wait timeout must be greater than 0'),
  nameEmpty: refusal(ErrorCode.Unknown, 'lock name cannot be empty'),
  lockDoesNotExist: refusal(ErrorCode.LockDoesNotExist, 'a lock by that name does not exist'),
  invalidKey: refusal(ErrorCode.InvalidLockKey, 'invalid lock key'),
  waitTimeout: refusal(ErrorCode.LockWaitTimeout, 'timeout waiting to acquire lock'),
  sizeMismatch: refusal(ErrorCode.LockSizeMismatch, 'lock size mismatch'),
  sizeInvalid: refusal(ErrorCode.InvalidLockSize, 'lock size must be greater than 0'),
  invalidKeyOnRenew: refusal(ErrorCode.LockDoesNotExistOrInvalidKey, 'lock does not exist or invalid key'),

  permitsExceedSize: refusal(ErrorCode.InvalidLockSize, 'permits must not exceed the lock size'),
  sharedWithSize: refusal(ErrorCode.Unknown, 'a shared lock must have size 1 and permits 1'),
  modeUnknown: refusal(ErrorCode.Unknown, 'lock mode must be EXCLUSIVE (0) or SHARED (1)'),
  requestReleased: refusal(
    ErrorCode.LockDoesNotExistOrInvalidKey,
    'the lock of this request id was released already',
  ),
  requestDiffers: refusal(
    ErrorCode.Unknown,
    'a request id can be repeated only with the size, permits and mode of the first request',
  ),
  tooManyLocks: refusal(ErrorCode.Unknown, 'too many locks are in use: the server keeps no more of them'),
  tooManyClaims: refusal(
    ErrorCode.Unknown,
    'too many locks are held or waited for: the server keeps no more',
  ),
  nameTooLong: refusal(ErrorCode.Unknown, 'lock name must not be longer than 65536 bytes'),
  keyTooLong: refusal(ErrorCode.Unknown, 'lock key must not be longer than 256 bytes'),
  holderTooLong: refusal(ErrorCode.Unknown, 'holder must not be longer than 256 bytes'),
  severalHolders: refusal(ErrorCode.Unknown, 'several hold the lock: say whose key, or that all are meant'),
  keyAmbiguous: refusal(
    ErrorCode.InvalidLockKey,
    'several keys of the lock begin like that: give more of it',
  ),
  keyPrefixAmongMany: refusal(
    ErrorCode.InvalidLockKey,
    'too many hold the lock to find one by the beginning of its key: give the whole key',
  ),
  keyPrefixShort: refusal(
    ErrorCode.InvalidLockKey,
    'a key must be whole, or at least 8 characters of its beginning',
  ),
  keyWithAll: refusal(ErrorCode.Unknown, 'a key and all holders cannot be meant at once'),
  permitsUnsupported: refusal(
    ErrorCode.InvalidLockSize,
    'permits above 1 are not available with --engine zookeeper',
  ),
  mappedSize: refusal(
    ErrorCode.LockSizeMismatch,
    'lock size mismatch: the lock is mapped to a ZooKeeper mutex or read/write lock, whose size is 1',
  ),
  sharedUnsupported: refusal(
    ErrorCode.Unknown,
    'the lock is mapped to a ZooKeeper mutex or semaphore, which has no SHARED mode',
  ),
  otherLayout: refusal(
    ErrorCode.Unknown,
    "other programs use the lock's ZooKeeper node for another kind of lock: see --zookeeper_path_map",
  ),
  requestIdLength: refusal(ErrorCode.Unknown, 'request id must be 8 to 64 bytes long'),
} as const satisfies Record<string, Refusal>;
