import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { FileLock } from '../../src/filelock/file-lock.ts';
import { FileLockedError, FileLockUseError } from '../../src/filelock/file-lock-error.ts';
import { isFree, isShared, makeLock } from './held-locks.ts';
import { LockProcess, startHolder } from './lock-process.ts';
import { startProgram } from './programs.ts';
import { makeScratchFolder, makeScratchPath } from './scratch-folder.ts';

describe('a FileLock', () => {
  it('excludes other processes, until it is released', async () => {
    const path = makeScratchPath();
    const lock = makeLock(path);
    const other = new LockProcess(path);
    expect(await lock.acquire()).toBe(lock);
    expect(await other.acquire({ wait: false })).toMatchObject({ word: 'LDLM_FILE_LOCKED' });
    expect(await lock.release()).toBe(true);
    expect(await other.acquire({ wait: false })).toMatchObject({ word: 'done' });
    await expect(lock.acquire({ wait: false })).rejects.toThrow(FileLockedError);
    expect(lock.held).toBe(false);
    expect(await other.release()).toMatchObject({ word: 'done' });
    await lock.acquire({ wait: false });
    expect(lock.held).toBe(true);
  });

  it('excludes another object of the same process', async () => {
    const path = makeScratchPath();
    const [one, other] = [makeLock(path), makeLock(path)];
    await one.acquire();
    await expect(other.acquire({ wait: false })).rejects.toMatchObject({ code: 'LDLM_FILE_LOCKED', path });
    expect(await other.release()).toBe(false);
    expect(await isFree(path)).toBe(false);
    await one.release();
    await other.acquire({ wait: false });
  });

  it('is acquired twice by the same object as if once', async () => {
    const path = makeScratchPath();
    const lock = makeLock(path);
    await lock.acquire();
    const { fd } = lock;
    await lock.acquire({ wait: false });
    expect(lock.fd).toBe(fd);
    expect(await lock.release()).toBe(true);
    expect(await isFree(path)).toBe(true);
  });

  it.each([false, true])('is acquired once by calls of one object at a time, shared: %s', async (shared) => {
    const path = makeScratchPath();
    const lock = makeLock(path);
    await Promise.all(Array.from({ length: 5 }, () => lock.acquire({ shared, timeoutMs: 5_000 })));
    expect(await lock.release()).toBe(true);
    expect(await isFree(path)).toBe(true);
  });

  it('says of a release that there was nothing to release', async () => {
    const path = makeScratchPath();
    const lock = makeLock(path);
    expect(await lock.release()).toBe(false);
    await lock.acquire();
    await lock.release();
    await makeLock(path).acquire();
    expect(await lock.release()).toBe(false);
    expect(await isFree(path)).toBe(false);
  });

  it('is released at the end of the block of an await using', async () => {
    const path = makeScratchPath();
    {
      await using lock = await new FileLock(path).acquire();
      expect(lock.held).toBe(true);
      expect(await isFree(path)).toBe(false);
    }
    expect(await isFree(path)).toBe(true);
    {
      await using lock = new FileLock(path);
      expect(lock.held).toBe(false);
    }
  });

  it('is shared by those who want to share it, and excludes those who do not', async () => {
    const path = makeScratchPath();
    const reader = makeLock(path);
    await reader.acquire({ shared: true });
    const other = await startHolder(path, { shared: true, wait: false });
    await expect(makeLock(path).acquire({ wait: false })).rejects.toThrow(FileLockedError);
    await other.release();
    await reader.release();
    await makeLock(path).acquire({ wait: false });
    await expect(reader.acquire({ shared: true, wait: false })).rejects.toThrow(FileLockedError);
  });

  it.each([false, true])('does not change its mode while it is held, shared: %s', async (shared) => {
    const path = makeScratchPath();
    const lock = makeLock(path);
    await lock.acquire({ shared });
    const refusal: unknown = await lock.acquire({ shared: !shared }).catch((error: unknown) => error);
    expect(refusal).toBeInstanceOf(FileLockUseError);
    expect(await isShared(path)).toBe(shared);
    expect(await lock.release()).toBe(true);
  });

  it.each([-1, Number.NaN])('refuses %s as a timeout', async (timeoutMs) => {
    await expect(makeLock(makeScratchPath()).acquire({ timeoutMs })).rejects.toMatchObject({
      code: 'LDLM_FILE_LOCK_USE',
    });
  });
});

describe('many FileLocks in one process', () => {
  it('are a thousand', async () => {
    const folder = makeScratchFolder();
    const paths = Array.from({ length: 1_000 }, (_, place) => join(folder, `${place}.lock`));
    const locks = await Promise.all(paths.map((path) => makeLock(path).acquire()));
    expect(new Set(locks.map(({ fd }) => fd)).size).toBe(1_000);
    expect(await isFree(paths[0]!)).toBe(false);
    expect(await isFree(paths[999]!)).toBe(false);
  });

  it('are as many as there are descriptors, and the next is told why it is not', async () => {
    const folder = makeScratchFolder();
    const program = fileURLToPath(new URL('./many-locks-worker.mjs', import.meta.url));
    const args = ['ulimit -n 200; exec "$0" "$@"', process.execPath, program, folder];
    const [, words] = await startProgram('sh', '-c', ...args);
    const { count, ...refusal } = JSON.parse(words) as { count: number };
    expect(count).toBeGreaterThan(100);
    expect(refusal).toStrictEqual({ code: 'LDLM_FILE_LOCK', cause: 'EMFILE' });
  });
});
