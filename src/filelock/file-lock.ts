import { FileHold, type FileLockOptions } from './file-hold.ts';
import { type WaitOptions, waitForLock } from './wait-for-lock.ts';

/** How {@link FileLock.acquire} goes about it. */
export interface AcquireOptions extends WaitOptions {
  /** Beside others who share the lock, not beside one who has it alone. Default: false. */
  readonly shared?: boolean;
}

/**
 * A lock that processes of one machine hold by a file, one at a time. It is flock(2)'s, so flock(1), Python's
 * `fcntl.flock` and lockmgr are kept out, and keep out. It ends with release(), and with the process, however that ends.
 *
 * One object is one holder at a time: two objects with the same path exclude each other, also within a process, and so do
 * two calls of acquire() of one object, the second of which waits until the first one's lock is released. Those who wait
 * stand in no queue: each looks again after 50 ms at most. Nothing is written into the file, and a file that was left
 * behind is in nobody's way. Children do not inherit the lock, unless they are given its descriptor.
 *
 * ```ts
 * await using lock = await new FileLock('/run/lock/report.lock').acquire({ timeoutMs: 5_000 });
 * ```
 */
export class FileLock implements AsyncDisposable {
  readonly #hold: FileHold;

  /**
   * `path` is where the file is, or is to be made; its folder must be there. A relative one is of the working folder of
   * now. Nothing happens before acquire().
   */
  constructor(path: string, options: FileLockOptions = {}) {
    this.#hold = new FileHold(path, options);
  }

  /** Absolute. */
  get path(): string {
    return this.#hold.path;
  }

  /** Whether this object holds the lock. */
  get held(): boolean {
    return this.#hold.fd !== undefined;
  }

  /**
   * The descriptor of the locked file while the lock is held. A child that is given it, among the `stdio` of its spawn,
   * keeps the lock until it has ended, too. Not together with `unlink`, which would let others in beside the child.
   */
  get fd(): number | undefined {
    return this.#hold.fd;
  }

  /**
   * Takes the lock, and resolves with this object once it is held. While this object holds it already, by another call, that
   * is somebody else: who calls it twice without a release() in between waits for himself.
   *
   * @throws FileLockedError when somebody else holds it and `wait` is false, FileLockTimeoutError when `timeoutMs` have
   * passed, the signal's reason when that is aborted, FileLockError when the file cannot be opened or locked (`cause`
   * is the system's error), FileLockUseError for a timeout that is none.
   */
  async acquire({ shared = false, ...waiting }: AcquireOptions = {}): Promise<this> {
    await waitForLock(this.#hold, waiting, () => this.#hold.take(shared));
    // While the last look was under way, the caller may have given up.
    if (waiting.signal?.aborted) await this.release();
    waiting.signal?.throwIfAborted();
    return this;
  }

  /** Gives the lock back; false when this object does not hold it. An acquire() that still waits goes on waiting. */
  async release(): Promise<boolean> {
    return this.#hold.release();
  }

  /** Releases the lock, if it is held, at the end of the block of an `await using`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.release();
  }
}
