import { onTestFinished } from 'vitest';
import { FileLock } from '../../src/filelock/file-lock.ts';
import { FileLockedError } from '../../src/filelock/file-lock-error.ts';

/** A lock that is released with the test at the latest. */
export function makeLock(path: string, unlink = false): FileLock {
  const lock = new FileLock(path, { unlink });
  onTestFinished(async () => void (await lock.release()));
  return lock;
}

/** Whether nobody holds the lock alone or shares it. */
export async function isFree(path: string): Promise<boolean> {
  const lock = new FileLock(path);
  try {
    await lock.acquire({ wait: false });
    return await lock.release();
  } catch (error) {
    if (error instanceof FileLockedError) return false;
    throw error;
  }
}

/** Whether the lock, which somebody holds, can be shared. */
export async function isShared(path: string): Promise<boolean> {
  const lock = new FileLock(path);
  await lock.acquire({ shared: true, wait: false }).catch(() => {});
  return lock.release();
}
