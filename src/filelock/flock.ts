import { createRequire } from 'node:module';
import { constants } from 'node:os';
import { getSystemErrorMap } from 'node:util';
import { tryFlockByProgram } from './flock-program.ts';

// The same on every system that has flock(2).
const LOCK_SH = 1;
const LOCK_EX = 2;
const LOCK_NB = 4;

type Flock = (fd: number, shared: boolean) => boolean;

/** What a system has too little of may be there at the next call. Node.js 24 calls a package.json invalid that it cannot open. */
const SHORTAGES: readonly unknown[] = ['EMFILE', 'ENFILE', 'ENOMEM', 'ERR_INVALID_PACKAGE_CONFIG'];

const require = createRequire(import.meta.url);
let flockFound: Promise<Flock> | undefined;

/**
 * Takes a flock(2) on an open file without waiting; false when another open of the file has it locked. The lock lasts
 * until the descriptor is closed or the process ends, however it ends.
 *
 * Node.js has no flock. It is called through koffi because, of the packages with binaries ready-made, that one alone
 * takes the lock which flock(1) sees, tells why it was refused, and needs neither a compiler nor an install script on
 * any release of Node.js, with glibc or musl. Where koffi has no binary, the program flock(1) is run instead.
 *
 * @param shared beside others who share it, not beside one who has it alone. Default: alone.
 * @throws Error when the system has no flock(2) or the file system refuses it.
 */
export async function tryFlock(fd: number, shared = false): Promise<boolean> {
  flockFound ??= loadFlock();
  let flock: Flock;
  try {
    flock = await flockFound;
  } catch (reason) {
    if (isShortage(reason)) flockFound = undefined;
    return tryFlockByProgram(fd, shared, reason);
  }
  return flock(fd, shared);
}

function isShortage(reason: unknown): boolean {
  return reason instanceof Error && 'code' in reason && SHORTAGES.includes(reason.code);
}

async function loadFlock(): Promise<Flock> {
  // Loading costs tens of milliseconds and 4 MB, which only those pay who lock a file. An import that has failed once fails
  // for ever, whatever the reason was; require looks again.
  const { errno, load } = require('koffi') as typeof import('koffi');
  const flock: (fd: number, operation: number) => number = load(null).func('int flock(int, int)');
  return (fd, shared) => {
    if (flock(fd, (shared ? LOCK_SH : LOCK_EX) | LOCK_NB) === 0) return true;
    // Nothing may stand between the call and this line: any system call of the runtime can change errno.
    const code = errno();
    if (code === constants.errno.EWOULDBLOCK) return false;
    throw new Error(`flock: ${getSystemErrorMap().get(-code)?.[1] ?? `error ${code}`}`);
  };
}
