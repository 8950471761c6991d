import { rename, rm } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { InvalidOptionError } from '../errors.ts';
import { FenceFolder, hasCode, syncFolder } from './fence-folder.ts';
import { findTarget, writeLike } from './replacement.ts';

/**
 * A file that is written under a lock and refuses writers with a token smaller than the largest it has seen. The tokens
 * are kept beside it, as names in the folder `<path>.fence`, which is for nobody else.
 *
 * What is guaranteed, on a file system of this machine:
 *
 * - readers see the file as one writer left it, never a part of it;
 * - the largest token never becomes smaller, in whatever order writers come;
 * - once `write` or `fence` with a token has resolved, no writer with a smaller one changes the file any more, wherever it
 *   was stopped and for however long.
 *
 * On network file systems, names that another machine has created may be seen late; there the last does not hold.
 *
 * The file keeps its mode, its owner where this process may set it, and a symbolic link that leads to it. It becomes
 * another file of that name: hard links stay with the old one. A writer that was killed leaves what it wrote in the folder
 * of tokens until the next larger one comes.
 */
export class FencedFile {
  /** Absolute, so it stays the same whatever becomes of the working folder. */
  readonly path: string;

  /** The folder of `path` must be there. Nothing happens before the first call. */
  constructor(path: string) {
    this.path = resolve(path);
  }

  /**
   * Replaces what is in the file, and has it on disk when it resolves. Not to be called twice at a time with one token: the
   * order would be anyone's.
   *
   * @param fencingToken of the lock under which it is written
   * @throws StaleTokenError, in which case the file is as it was; InvalidOptionError for the token 0, which stands for a
   * server that gives none; or an error of the file system
   */
  async write(data: string | Uint8Array, fencingToken: bigint): Promise<void> {
    checkToken(fencingToken);
    const target = await findTarget(this.path);
    const fence = new FenceFolder(target);
    await fence.shutOut(fencingToken);
    const temporary = fence.temporary(fencingToken);
    try {
      await writeLike(target, temporary, data);
      await fence.check(fencingToken);
      await rename(temporary, target);
    } catch (error) {
      await rm(temporary, { force: true });
      // A larger token has removed it.
      if (hasCode(error, 'ENOENT')) await fence.check(fencingToken);
      throw error;
    }
    await syncFolder(dirname(target));
  }

  /**
   * Shuts out writers with smaller tokens, without writing: for a new holder that reads the file before it writes.
   *
   * @throws as `write`
   */
  async fence(fencingToken: bigint): Promise<void> {
    checkToken(fencingToken);
    await new FenceFolder(await findTarget(this.path)).shutOut(fencingToken);
  }

  /** The largest token seen; 0 when there was none. */
  async largestToken(): Promise<bigint> {
    return new FenceFolder(await findTarget(this.path)).largest();
  }
}

function checkToken(fencingToken: bigint): void {
  if (fencingToken <= 0n) throw new InvalidOptionError('the fencing token must be greater than 0');
}
