import {
  type BigIntStats,
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  openSync,
  statSync,
  unlinkSync,
} from 'node:fs';
import { tryFlock } from './flock.ts';

/** Readable for all and writable for its owner, as lockmgr makes it, less what the umask takes away. */
const MODE = 0o644;
/** How often in a row a file is found replaced before the lock counts as taken. */
const REPLACEMENTS_MAX = 100;
/** How often in a row a file is found removed before the folder counts as one in which none may be made. */
const REMOVALS_MAX = 10;

/**
 * Opens a lock file, creating it if need be, and locks it without waiting. Returns its descriptor, or undefined when
 * somebody else has it locked. Closing the descriptor releases the lock. Nothing is written into the file.
 *
 * A file that was unlinked or replaced between opening and locking is locked by nobody else, and by us in vain: then
 * the one that is at the path now is tried.
 *
 * @throws Error of node:fs when the file cannot be opened, Error when it is not a regular file or cannot be locked.
 */
export async function tryLockFile(path: string, shared: boolean): Promise<number | undefined> {
  for (let replacements = 0; replacements < REPLACEMENTS_MAX; replacements++) {
    const fd = openLockFile(path);
    let kept = false;
    try {
      if (!fstatSync(fd).isFile()) throw new Error('it is not a regular file');
      if (!(await tryFlock(fd, shared))) return undefined;
      kept = isAt(path, fd);
      if (kept) return fd;
    } finally {
      if (!kept) closeSync(fd);
    }
  }
  return undefined;
}

/**
 * Opens the file, or creates it. A bare descriptor, because a FileHandle that is dropped is closed by the garbage collector,
 * and the lock with it. O_NONBLOCK, so that what turns out to be a pipe or a device does not keep the thread.
 *
 * With fs.protected_regular the kernel refuses O_CREAT for a file of another user in a sticky folder such as /tmp, whatever
 * its mode, though nothing is to be created. Without O_CREAT its mode decides.
 */
function openLockFile(path: string): number {
  const flags = constants.O_RDWR | constants.O_NONBLOCK;
  for (let removals = 0; ; removals++) {
    try {
      return openSync(path, flags | constants.O_CREAT, MODE);
    } catch (refusal) {
      if (!hasCode(refusal, 'EACCES')) throw refusal;
      try {
        return openSync(path, flags);
      } catch (error) {
        // It was removed in between, or it is not there and may not be made: then the next rounds end the same.
        if (!hasCode(error, 'ENOENT') || removals === REMOVALS_MAX) throw refusal;
      }
    }
  }
}

/**
 * Unlinks a file that {@link tryLockFile} has locked, while it is locked: whoever opened it before finds, once it has
 * the lock, that the file is no longer at its path. A symbolic link is left, and so are a file that others share or
 * that has been put in the place of ours, and one that may not be unlinked: a lock file that stays is in nobody's way.
 * If the lock was shared, it may be lost.
 */
export async function unlinkLockedFile(path: string, fd: number, shared: boolean): Promise<void> {
  // Those who share the file would go on holding it while somebody locks a new one.
  if (shared && !(await tryFlock(fd))) return;
  try {
    if (isSameFile(lstatSync(path, { bigint: true }), fstatSync(fd, { bigint: true }))) unlinkSync(path);
  } catch {
    // See above: it stays.
  }
}

function isAt(path: string, fd: number): boolean {
  const stats = statSync(path, { bigint: true, throwIfNoEntry: false });
  return stats !== undefined && isSameFile(stats, fstatSync(fd, { bigint: true }));
}

/** Inode numbers of some file systems have more than the 53 bits of a number, therefore bigints. */
function isSameFile(one: BigIntStats, other: BigIntStats): boolean {
  return one.ino === other.ino && one.dev === other.dev;
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}
