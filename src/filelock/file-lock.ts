import { closeSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { FileLockError, FileLockedError, FileLockTimeoutError, FileLockUseError } from './file-lock-error.ts';
import { tryLockFile, unlinkLockedFile } from './lock-file.ts';
import { PollDelay } from './poll-delay.ts';

/** How a {@link FileLock} treats its file. */
export interface FileLockOptions {
  /**
   * Whether release() removes the file. Default: false. Only for files that are locked by nobody but a FileLock or a
   * LockMgr of this package: others, flock(1) among them, do not look whether what they have locked is still there.
   */
  readonly unlink?: boolean;
}

/** How {@link FileLock.acquire} goes about it. */
export interface AcquireOptions {
  /** Whether to wait for a lock that somebody else has. Default: true. */
  readonly wait?: boolean;
  /** For how long to wait in all, in milliseconds. Default: Infinity. */
  readonly timeoutMs?: number;
  /** Ends the waiting: acquire() rejects with the signal's reason. */
  readonly signal?: AbortSignal;
  /** Beside others who share the lock, not beside one who has it alone. Default: false. */
  readonly shared?: boolean;
}

/**
 * A lock that processes of one machine hold by a file, one at a time. It is flock(2)'s, so flock(1), Python's
 * `fcntl.flock` and lockmgr are kept out, and keep out. It ends with release(), and with the process, however that ends.
 *
 * One object is one holder: two objects with the same path exclude each other, also within a process. Those who wait
 * stand in no queue: each looks again after 50 ms at most. Nothing is written into the file, and a file that was left
 * behind is in nobody's way. Children do not inherit the lock, unless they are given its descriptor.
 *
 * ```ts
 * await using lock = await new FileLock('/run/lock/report.lock').acquire({ timeoutMs: 5_000 });
 * ```
 */
export class FileLock implements AsyncDisposable {
  readonly path: string;
  readonly #unlink: boolean;
  #holding: { readonly fd: number; readonly shared: boolean } | undefined;

  /** `path` is where the file is, or is to be made; its folder must be there. Nothing happens before acquire(). */
  constructor(path: string, { unlink = false }: FileLockOptions = {}) {
    this.path = path;
    this.#unlink = unlink;
  }

  /** Whether this object holds the lock. */
  get held(): boolean {
    return this.#holding !== undefined;
  }

  /**
   * The descriptor of the locked file while the lock is held. A child that is given it, among the `stdio` of its spawn,
   * keeps the lock until it has ended, too. Not together with `unlink`, which would let others in beside the child.
   */
  get fd(): number | undefined {
    return this.#holding?.fd;
  }

  /**
   * Takes the lock, and resolves with this object once it is held. Acquiring again what is held already does nothing:
   * one release() gives it back.
   *
   * @throws FileLockedError when somebody else holds it and `wait` is false, FileLockTimeoutError when `timeoutMs` have
   * passed, the signal's reason when that is aborted, FileLockError when the file cannot be opened or locked (`cause`
   * is the system's error), FileLockUseError for a timeout that is none, and when the lock is held in the other mode.
   */
  async acquire(options: AcquireOptions = {}): Promise<this> {
    const { wait = true, timeoutMs = Number.POSITIVE_INFINITY, signal, shared = false } = options;
    if (!(timeoutMs >= 0)) throw new FileLockUseError(`timeoutMs must be 0 or more, not ${timeoutMs}`);
    const deadlineMs = performance.now() + timeoutMs;
    const delay = new PollDelay();
    for (;;) {
      signal?.throwIfAborted();
      if (await this.#tryAcquire(shared)) return this;
      if (!wait) throw new FileLockedError(this.path, undefined);
      const leftMs = deadlineMs - performance.now();
      if (leftMs <= 0) throw new FileLockTimeoutError(this.path, timeoutMs);
      // What a signal does to the delay is told by its reason, in the next round.
      await sleep(Math.min(delay.nextMs(), leftMs), undefined, { signal }).catch(() => {});
    }
  }

  /** Gives the lock back; false when this object does not hold it. An acquire() that still waits goes on waiting. */
  async release(): Promise<boolean> {
    const holding = this.#holding;
    if (holding === undefined) return false;
    this.#holding = undefined;
    try {
      if (this.#unlink) await unlinkLockedFile(this.path, holding.fd, holding.shared);
    } finally {
      closeSync(holding.fd);
    }
    return true;
  }

  /** Releases the lock, if it is held, at the end of the block of an `await using`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.release();
  }

  async #tryAcquire(shared: boolean): Promise<boolean> {
    if (this.#isHeldAs(shared)) return true;
    const fd = await tryLockFile(this.path, shared).catch((error: unknown) => {
      throw new FileLockError(this.path, error);
    });
    // Another call of this object may have come first, and shared the lock with this one or kept it out.
    if (this.#holding !== undefined) {
      if (fd !== undefined) closeSync(fd);
      return this.#isHeldAs(shared);
    }
    if (fd === undefined) return false;
    this.#holding = { fd, shared };
    return true;
  }

  #isHeldAs(shared: boolean): boolean {
    if (this.#holding === undefined) return false;
    if (this.#holding.shared === shared) return true;
    // flock(2) would give the lock up before it takes it in the other mode, and others could come in between.
    const mode = shared ? 'not shared' : 'shared';
    throw new FileLockUseError(`${this.path} is held already, and ${mode}: release it first`);
  }
}
