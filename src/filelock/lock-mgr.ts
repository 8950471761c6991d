import { LdlmServerError } from '../contract/server-error.ts';
import { FileHold, type FileLockOptions } from './file-hold.ts';
import { FileLockUseError } from './file-lock-error.ts';
import { waitForLock } from './wait-for-lock.ts';

/** How {@link LockMgr.acquireLock} goes about it. */
export interface AcquireLockOptions {
  /** Whether to wait for a lock that somebody else has. Default: false. */
  readonly wait?: boolean;
  /** For how long to wait in all, in seconds. Default: 30. Without `wait` it says nothing. */
  readonly timeout?: number;
}

/**
 * The lock of a FileLock with the calls of Python's lockmgr, which answer with booleans and say the rest in `msg`. As
 * there, an object that holds the lock already has it by every other call, too, and one release gives it back. It differs
 * where lockmgr surprises: `timeout` is for the whole of the waiting, not for each of ten rounds; a holder that was killed
 * is noticed within milliseconds; and the file is unlinked only with the option `unlink`.
 */
export class LockMgr {
  readonly lockfile: string;
  readonly #hold: FileHold;
  #msg = '';

  /** As for a FileLock. A lockmgr in Python that waits is woken by the unlinking, or else at the end of its round. */
  constructor(path: string, options: FileLockOptions = {}) {
    this.lockfile = path;
    this.#hold = new FileHold(path, options);
  }

  /** Whether this object holds the lock. */
  get acquired(): boolean {
    return this.#hold.fd !== undefined;
  }

  /** What came of the last call, for people to read; empty before the first. */
  get msg(): string {
    return this.#msg;
  }

  /**
   * Takes the lock. True when it is held, also if it was before; false when somebody else has it or the file cannot be
   * locked, which `msg` tells apart.
   *
   * @throws FileLockUseError for a timeout that is below 0 or no number.
   */
  async acquireLock({ wait = false, timeout = 30 }: AcquireLockOptions = {}): Promise<boolean> {
    let isNew = false;
    const look = async (): Promise<boolean> => {
      // What another call takes meanwhile is this object's, too.
      while (this.#hold.looking !== undefined) await this.#hold.looking.catch(() => {});
      isNew = await this.#hold.take(false);
      return isNew || this.acquired;
    };
    try {
      await waitForLock(this.#hold, { wait, timeoutMs: timeout * 1000 }, look);
    } catch (error) {
      if (!(error instanceof LdlmServerError) || error instanceof FileLockUseError) throw error;
      this.#msg = `Failed: ${error.message}`;
      return false;
    }
    this.#msg = isNew ? 'Success' : 'Already locked';
    return true;
  }

  /** Gives the lock back; false when this object does not hold it. */
  async releaseLock(): Promise<boolean> {
    const released = await this.#hold.release();
    this.#msg = released ? 'success: lock released' : 'No lock to release';
    return released;
  }
}
