import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import { FileLock } from '../../src/filelock/file-lock.ts';
import { FileLockedError, FileLockTimeoutError } from '../../src/filelock/file-lock-error.ts';
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

  it('excludes another call of the same object, until it is released', async () => {
    const path = makeScratchPath();
    const lock = makeLock(path);
    await lock.acquire();
    const { fd } = lock;
    const refused = lock.acquire({ wait: false });
    await expect(refused).rejects.toThrow(FileLockedError);
    await expect(refused).rejects.toMatchObject({
      message: `cannot lock ${path}: another place in this process has it locked`,
      holderPid: process.pid,
    });
    await expect(lock.acquire({ timeoutMs: 100 })).rejects.toThrow(FileLockTimeoutError);
    const waiting = lock.acquire({ timeoutMs: 5_000 });
    expect(lock.fd).toBe(fd);
    expect(await lock.release()).toBe(true);
    await waiting;
    expect(await lock.release()).toBe(true);
    expect(await isFree(path)).toBe(true);
  });

  it.each([false, true])(
    'is had by one task at a time of those that share an object, shared: %s',
    async (shared) => {
      const path = makeScratchPath();
      const lock = makeLock(path, true);
      let [inside, most] = [0, 0];
      const task = async (): Promise<void> => {
        await lock.acquire({ shared, timeoutMs: 20_000 });
        try {
          most = Math.max(most, ++inside);
          await sleep(5);
          expect(lock.held).toBe(true);
          inside--;
        } finally {
          expect(await lock.release()).toBe(true);
        }
      };
      await Promise.all(Array.from({ length: 20 }, task));
      expect([most, lock.held]).toEqual([1, false]);
      expect(await isFree(path)).toBe(true);
    },
  );

  it('is refused to a call beside one that is under way and will not wait', async () => {
    const lock = makeLock(makeScratchPath());
    const calls = [lock.acquire({ wait: false }), lock.acquire({ wait: false })];
    const ends = await Promise.allSettled(calls);
    expect(ends.map(({ status }) => status)).toEqual(['fulfilled', 'rejected']);
    expect(ends[1]).toMatchObject({ reason: expect.any(FileLockedError) });
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
    await expect(lock.acquire({ shared: !shared, wait: false })).rejects.toThrow(FileLockedError);
    expect(await isShared(path)).toBe(shared);
    await lock.release();
    await lock.acquire({ shared: !shared });
    expect(await isShared(path)).toBe(!shared);
  });

  it('is the same file when the working folder changes', async () => {
    const folder = makeScratchFolder();
    const other = makeScratchFolder();
    const before = process.cwd();
    onTestFinished(() => process.chdir(before));
    process.chdir(folder);
    const lock = makeLock('a.lock', true);
    await lock.acquire();
    process.chdir(other);
    expect(await lock.release()).toBe(true);
    await lock.acquire();
    expect([readdirSync(folder), readdirSync(other)]).toEqual([['a.lock'], []]);
    expect(lock.path).toBe(join(folder, 'a.lock'));
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
