import { LdlmServerError } from '../contract/server-error.ts';

/** Somebody else has the file locked: another process, or another place in this one. */
export class FileLockedError extends LdlmServerError {
  readonly path: string;
  /**
   * The process that has it, which may be this one; undefined when that is not known, because the holder does not write it
   * into the file, as flock(1) and other objects of this package's FileLock do not.
   */
  readonly holderPid: number | undefined;

  constructor(path: string, holderPid: number | undefined) {
    super('LDLM_FILE_LOCKED', `cannot lock ${path}: ${nameOf(holderPid)} has it locked`);
    this.path = path;
    this.holderPid = holderPid;
  }
}

/** The file cannot be opened, locked or written, whoever may hold it. The cause says why. */
export class FileLockError extends LdlmServerError {
  readonly path: string;

  constructor(path: string, cause: unknown) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    super('LDLM_FILE_LOCK', `cannot lock ${path}: ${reason}`, { cause });
    this.path = path;
  }
}

/** The lock did not come free within the time that its caller would wait. */
export class FileLockTimeoutError extends LdlmServerError {
  readonly path: string;
  readonly timeoutMs: number;

  constructor(path: string, timeoutMs: number) {
    super('LDLM_FILE_LOCK_TIMEOUT', `cannot lock ${path}: it did not come free within ${timeoutMs} ms`);
    this.path = path;
    this.timeoutMs = timeoutMs;
  }
}

/** A file lock was called in a way that has no answer; the program has to be changed. */
export class FileLockUseError extends LdlmServerError {
  constructor(message: string) {
    super('LDLM_FILE_LOCK_USE', message);
  }
}

function nameOf(holderPid: number | undefined): string {
  if (holderPid === undefined) return 'somebody else';
  return holderPid === process.pid ? 'another place in this process' : `process ${holderPid}`;
}
