import { closeSync } from 'node:fs';
import { resolve } from 'node:path';
import { FileLockError } from './file-lock-error.ts';
import { tryLockFile, unlinkLockedFile } from './lock-file.ts';

/** How a file that is locked is treated. */
export interface FileLockOptions {
  /**
   * Whether release() removes the file. Default: false. Only for files that are locked by nobody but a FileLock or a
   * LockMgr of this package: others, flock(1) among them, do not look whether what they have locked is still there.
   */
  readonly unlink?: boolean;
}

/** What one object has of a lock file: its descriptor, or nothing. It is one holder, whoever calls it. */
export class FileHold {
  /** Absolute, so it stays the same whatever becomes of the working folder. */
  readonly path: string;
  readonly #unlink: boolean;
  #holding: { readonly fd: number; readonly shared: boolean } | undefined;
  #looking: Promise<boolean> | undefined;

  constructor(path: string, { unlink = false }: FileLockOptions) {
    this.path = resolve(path);
    this.#unlink = unlink;
  }

  get fd(): number | undefined {
    return this.#holding?.fd;
  }

  /** Whether the lock is held, or a call that may come to hold it is under way. */
  get isInUse(): boolean {
    return this.#holding !== undefined || this.#looking !== undefined;
  }

  /** The look that is under way. */
  get looking(): Promise<boolean> | undefined {
    return this.#looking;
  }

  /**
   * Takes the lock if it can be had now; false when somebody else has it, or this object.
   *
   * @throws FileLockError when the file cannot be opened or locked
   */
  async take(shared: boolean): Promise<boolean> {
    if (this.isInUse) return false;
    this.#looking = this.#look(shared);
    try {
      return await this.#looking;
    } finally {
      this.#looking = undefined;
    }
  }

  async #look(shared: boolean): Promise<boolean> {
    const fd = await tryLockFile(this.path, shared).catch((error: unknown) => {
      throw new FileLockError(this.path, error);
    });
    if (fd === undefined) return false;
    this.#holding = { fd, shared };
    return true;
  }

  /** Gives the lock back; false when it is not held. */
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
}
