import { ErrorCode } from '../contract/error-code.ts';

/** What went wrong with a lock. Every error that a client throws on purpose is one. */
export class LdlmError extends Error {
  /** Stable across releases. */
  readonly code: string;
  /** The number in the reply's `error` field; null when the server did not refuse. */
  readonly ldlmCode: ErrorCode | null;
  /** The lock that was asked for; empty when none was. */
  readonly lockName: string;

  constructor(
    code: string,
    message: string,
    lockName = '',
    ldlmCode: ErrorCode | null = null,
    cause?: unknown,
  ) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = new.target.name;
    this.code = code;
    this.lockName = lockName;
    this.ldlmCode = ldlmCode;
  }
}

/** The server refused for a reason without a number of its own; the message says which. */
export class LockRefusedError extends LdlmError {
  constructor(lockName: string, message: string) {
    super('LDLM_LOCK_REFUSED', message, lockName, ErrorCode.Unknown);
  }
}

/** There is no lock by that name. */
export class LockDoesNotExistError extends LdlmError {
  constructor(lockName: string, message: string) {
    super('LDLM_LOCK_DOES_NOT_EXIST', message, lockName, ErrorCode.LockDoesNotExist);
  }
}

/** The key is not one that holds the lock. */
export class InvalidLockKeyError extends LdlmError {
  constructor(lockName: string, message: string) {
    super('LDLM_INVALID_LOCK_KEY', message, lockName, ErrorCode.InvalidLockKey);
  }
}

/** The lock was not granted within the wait timeout: the server said so. */
export class LockWaitTimeoutError extends LdlmError {
  constructor(lockName: string, message: string) {
    super('LDLM_LOCK_WAIT_TIMEOUT', message, lockName, ErrorCode.LockWaitTimeout);
  }
}

/** The lock is not locked, as servers of the first age said. */
export class NotLockedError extends LdlmError {
  constructor(lockName: string, message: string) {
    super('LDLM_NOT_LOCKED', message, lockName, ErrorCode.NotLocked);
  }
}

/** A renewal with a key that does not hold the lock, or no longer. */
export class LockDoesNotExistOrInvalidKeyError extends LdlmError {
  constructor(lockName: string, message: string) {
    super(
      'LDLM_LOCK_DOES_NOT_EXIST_OR_INVALID_KEY',
      message,
      lockName,
      ErrorCode.LockDoesNotExistOrInvalidKey,
    );
  }
}

/** The lock is in use with another size. */
export class LockSizeMismatchError extends LdlmError {
  constructor(lockName: string, message: string) {
    super('LDLM_LOCK_SIZE_MISMATCH', message, lockName, ErrorCode.LockSizeMismatch);
  }
}

/** The size or the permits are none that a lock can have. */
export class InvalidLockSizeError extends LdlmError {
  constructor(lockName: string, message: string) {
    super('LDLM_INVALID_LOCK_SIZE', message, lockName, ErrorCode.InvalidLockSize);
  }
}

/** A lock that was held is held no longer, or nobody can say so: the reason of its `signal`. */
export class LockLostError extends LdlmError {
  constructor(lockName: string, why: string, cause?: unknown) {
    super('LDLM_LOCK_LOST', `the lock ${JSON.stringify(lockName)} is lost: ${why}`, lockName, null, cause);
  }
}

/** The server could not be reached, as often as `retries` or for as long as the wait timeout allows. */
export class ServerUnavailableError extends LdlmError {
  constructor(lockName: string, cause: unknown, what = 'the server cannot be reached') {
    super('LDLM_SERVER_UNAVAILABLE', `${what}: ${textOf(cause)}`, lockName, null, cause);
  }
}

/** TLS cannot be spoken with the server: one side does not trust the other's certificate, or does not speak it. */
export class TlsError extends LdlmError {
  constructor(lockName: string, cause: unknown) {
    super('LDLM_TLS', `no TLS with the server: ${textOf(cause)}`, lockName, null, cause);
  }
}

/** The server wants a password, or another one. */
export class AuthenticationError extends LdlmError {
  constructor(lockName: string, cause: unknown) {
    super('LDLM_AUTHENTICATION', `the server refuses the password: ${textOf(cause)}`, lockName, null, cause);
  }
}

/** The server refused the call itself, with a status that no repetition mends. */
export class CallFailedError extends LdlmError {
  constructor(lockName: string, cause: unknown) {
    super('LDLM_CALL_FAILED', textOf(cause), lockName, null, cause);
  }
}

/** The client was closed. */
export class ClientClosedError extends LdlmError {
  constructor(lockName = '') {
    super('LDLM_CLIENT_CLOSED', 'the client is closed', lockName);
  }
}

/** An option or argument that cannot be used; the message says what would be right. */
export class InvalidOptionError extends LdlmError {
  constructor(message: string, lockName = '') {
    super('LDLM_INVALID_OPTION', message, lockName);
  }
}

/** A writer whose lock was lost came too late: another one has written, or is about to, with a larger token. */
export class StaleTokenError extends LdlmError {
  /** The writer's. */
  readonly fencingToken: bigint;
  /** The largest one seen. */
  readonly largestToken: bigint;

  constructor(what: string, fencingToken: bigint, largestToken: bigint) {
    super('LDLM_STALE_TOKEN', `${what}: token ${fencingToken} is stale, ${largestToken} was seen`);
    this.fencingToken = fencingToken;
    this.largestToken = largestToken;
  }
}

/** What older servers say without a number, where newer ones send 5. */
const INVALID_ON_RENEW = 'lock does not exist or invalid key';

/** The error that stands for a refusal of the server. */
export function refusalError(lockName: string, code: number, message: string): LdlmError {
  switch (code) {
    case ErrorCode.LockDoesNotExist:
      return new LockDoesNotExistError(lockName, message);
    case ErrorCode.InvalidLockKey:
      return new InvalidLockKeyError(lockName, message);
    case ErrorCode.LockWaitTimeout:
      return new LockWaitTimeoutError(lockName, message);
    case ErrorCode.NotLocked:
      return new NotLockedError(lockName, message);
    case ErrorCode.LockDoesNotExistOrInvalidKey:
      return new LockDoesNotExistOrInvalidKeyError(lockName, message);
    case ErrorCode.LockSizeMismatch:
      return new LockSizeMismatchError(lockName, message);
    case ErrorCode.InvalidLockSize:
      return new InvalidLockSizeError(lockName, message);
    default:
      return message === INVALID_ON_RENEW
        ? new LockDoesNotExistOrInvalidKeyError(lockName, message)
        : new LockRefusedError(lockName, message);
  }
}

function textOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
