import {
  chmodSync,
  closeSync,
  constants,
  linkSync,
  lstatSync,
  mkdtempSync,
  openSync,
  renameSync,
  rmSync,
  unlinkSync,
} from 'node:fs';
import { connect } from 'node:net';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { systemErrorCode } from '../../base/system-error.ts';
import { tryFlock } from '../../filelock/flock.ts';
import { cannotListenFor, notASocket, socketInUse } from './ipc-socket-error.ts';

/** What fits a socket's address on Linux. Node.js cuts a longer path off, and listens somewhere else. */
const PATH_BYTES_MAX = 107;
/** Others hold the folder for the time of one probe. */
const FOLDER_ATTEMPTS = 100;
const FOLDER_RETRY_MS = 20;

/**
 * Brings a socket to its path, so that nobody who may not use it can open it at any moment, and so that two servers
 * never both believe to have the path:
 *
 * - The socket is bound in a folder of its own that only its owner enters, gets its mode there, listens, and comes to
 *   its path by a hard link, which fails when anything is there already. So whatever is at the path listens, or its
 *   owner was killed: an orderly owner removes the file before it stops listening.
 * - A socket at the path that refuses connections is therefore a dead one, and stays so. It is replaced by renaming, by
 *   who has locked the folder: of several who found it dead, the second finds the first one's socket alive. Those who
 *   come by a link cannot interfere as long as a file is there, and renaming leaves no moment without one.
 *
 * The lock is flock(2)'s on the folder itself, because a lock file would have to stay behind, and one that another user
 * has left in /tmp could not be opened.
 */
export class SocketFile {
  readonly path: string;
  readonly #device: number;
  readonly #inode: number;
  #isRemoved = false;

  private constructor(path: string) {
    this.path = path;
    const { dev, ino } = lstatSync(path);
    this.#device = dev;
    this.#inode = ino;
  }

  /**
   * @param listen binds a socket to the path that it is given and listens.
   * @throws IpcSocketError, and what the file system refuses
   */
  static async place(path: string, listen: (privatePath: string) => Promise<void>): Promise<SocketFile> {
    const folder = dirname(path);
    if (
      Buffer.byteLength(path) > PATH_BYTES_MAX ||
      Buffer.byteLength(join(folder, SHORT_NAME)) > PATH_BYTES_MAX
    ) {
      throw cannotListenFor(path, `invalid argument: paths of sockets have at most ${PATH_BYTES_MAX} bytes`);
    }
    const privateFolder = mkdtempSync(`${folder}/.`);
    try {
      const privatePath = join(privateFolder, 's');
      await listen(privatePath);
      chmodSync(privatePath, 0o600);
      if (!tryLink(privatePath, path)) await replace(path, privatePath);
    } finally {
      rmSync(privateFolder, { recursive: true, force: true });
    }
    return new SocketFile(path);
  }

  /**
   * Removes the file, if it still is the one that was placed. Must be called while the socket listens, which keeps its inode
   * from being used again. Only the first call looks: later the same number may be that of another server's socket.
   */
  remove(): void {
    if (this.#isRemoved) return;
    this.#isRemoved = true;
    try {
      const { dev, ino } = lstatSync(this.path);
      if (dev === this.#device && ino === this.#inode) unlinkSync(this.path);
    } catch {
      // It is gone, or its folder is not ours to write any more. Whoever comes next finds it dead.
    }
  }
}

/** As long as the name of a private folder and the socket in it. */
const SHORT_NAME = '.123456/s';

/** True when the socket now is at its path, false when something is there already. */
function tryLink(privatePath: string, path: string): boolean {
  try {
    linkSync(privatePath, path);
    return true;
  } catch (error) {
    if (systemErrorCode(error) === 'EEXIST') return false;
    throw error;
  }
}

/** Takes the place of a dead socket. */
async function replace(path: string, privatePath: string): Promise<void> {
  const folder = await lockFolder(path);
  try {
    if (tryLink(privatePath, path)) return;
    if (!lstatSync(path).isSocket()) throw notASocket(path);
    if (!(await isDead(path))) throw socketInUse(path);
    renameSync(privatePath, path);
  } finally {
    closeSync(folder);
  }
}

async function lockFolder(path: string): Promise<number> {
  const folder = openSync(dirname(path), constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    for (let attempt = 0; attempt < FOLDER_ATTEMPTS; attempt++) {
      if (await tryFlock(folder)) return folder;
      await sleep(FOLDER_RETRY_MS);
    }
    throw cannotListenFor(path, `somebody else keeps ${dirname(path)} locked`);
  } catch (error) {
    closeSync(folder);
    throw error;
  }
}

/** Whether nobody will ever answer at a socket. One that we may not open, or whose owner is only slow, is not dead. */
function isDead(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once('connect', () => {
      socket.destroy();
      resolve(false);
    });
    socket.once('error', (error) => resolve(systemErrorCode(error) === 'ECONNREFUSED'));
  });
}
