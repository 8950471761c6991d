import { closeSync, constants, ftruncateSync, openSync, readSync, writeSync } from 'node:fs';
import { isDiskFull } from '../base/disk-full.ts';
import { FileLockError, FileLockedError } from './file-lock-error.ts';
import { tryFlock } from './flock.ts';

/** Of the file's start, where the holder's pid stands. */
const PID_LINE_BYTES = 16;

/**
 * Opens a file that only one holder has at a time, creating it with mode 0600, and writes this process's pid into it
 * for people to read. Nothing else belongs into the file: its content is replaced once it is locked, and never before.
 *
 * The lock is flock(2)'s: flock(1) sees it, a second open in the same process or in another thread is refused, it ends
 * with the process even by SIGKILL, and no child inherits it, because Node.js opens files with O_CLOEXEC. A pid in the
 * file decides nothing.
 *
 * @throws FileLockedError when somebody else has it locked; this does not wait.
 * @throws FileLockError when the file cannot be opened, locked or written.
 */
export async function openExclusiveFile(path: string): Promise<ExclusiveFile> {
  let fd: number | undefined;
  try {
    // A bare descriptor: a FileHandle that is dropped is closed by the garbage collector, and the lock with it.
    fd = openSync(path, constants.O_RDWR | constants.O_CREAT, 0o600);
    if (!(await tryFlock(fd))) throw new FileLockedError(path, readPid(fd));
    writePid(fd);
    return new ExclusiveFile(path, fd);
  } catch (error) {
    if (fd !== undefined) closeSync(fd);
    throw error instanceof FileLockedError ? error : new FileLockError(path, error);
  }
}

/** Somebody has a file locked, whose pid is undefined when it has not written it there. */
interface FileHolder {
  readonly pid: number | undefined;
}

/**
 * Looks who has a file locked that was opened by {@link openExclusiveFile}, without changing it; null for nobody, also
 * where there is no such file. The look shares the lock for a moment: who wants to have it alone just then is refused.
 *
 * @throws FileLockError when the file cannot be opened, or its file system has no locks.
 */
export async function findFileHolder(path: string): Promise<FileHolder | null> {
  let fd: number | undefined;
  try {
    fd = openSync(path, 'r');
    return (await tryFlock(fd, true)) ? null : { pid: readPid(fd) };
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw new FileLockError(path, error);
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}

/** A file that this process has locked. It stays locked until it is closed. */
class ExclusiveFile {
  readonly path: string;
  #fd: number | undefined;

  constructor(path: string, fd: number) {
    this.path = path;
    this.#fd = fd;
  }

  /**
   * Releases the file; doing so again does nothing. The file stays, empty: were it unlinked, one process could lock the
   * unlinked file, which it opened just before, and another a new file of the same name.
   */
  close(): void {
    const fd = this.#fd;
    if (fd === undefined) return;
    this.#fd = undefined;
    try {
      ftruncateSync(fd);
    } finally {
      closeSync(fd);
    }
  }
}

export type { ExclusiveFile };

function readPid(fd: number): number | undefined {
  const line = Buffer.alloc(PID_LINE_BYTES);
  const bytes = readSync(fd, line, 0, PID_LINE_BYTES, 0);
  const pid = /^(\d+)\n/.exec(line.toString('latin1', 0, bytes))?.[1];
  return pid === undefined ? undefined : Number(pid);
}

/** Written before the rest is cut off, so that a reader finds either holder's pid, and never nothing. */
function writePid(fd: number): void {
  const line = `${process.pid}\n`;
  try {
    writeSync(fd, line, 0);
    ftruncateSync(fd, line.length);
  } catch (error) {
    // It is for people only, and whoever starts on a full disk has other worries.
    if (!isDiskFull(error)) throw error;
  }
}
