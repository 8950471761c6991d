import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { FileLockOptions } from '../../src/filelock/file-hold.ts';
import { FileLockUseError } from '../../src/filelock/file-lock-error.ts';
import { LockMgr } from '../../src/filelock/lock-mgr.ts';
import { startHolder } from './lock-process.ts';
import { makeScratchFolder, makeScratchPath } from './scratch-folder.ts';

/** A lock that is released with the test at the latest. */
function makeLockMgr(path: string, options: FileLockOptions = {}): LockMgr {
  const mgr = new LockMgr(path, options);
  onTestFinished(async () => void (await mgr.releaseLock()));
  return mgr;
}

describe('LockMgr', () => {
  it('acquires and releases, and says so', async () => {
    const path = makeScratchPath();
    const mgr = makeLockMgr(path);
    expect(mgr).toMatchObject({ lockfile: path, acquired: false, msg: '' });
    expect(await mgr.acquireLock()).toBe(true);
    expect(mgr).toMatchObject({ acquired: true, msg: 'Success' });
    expect(await mgr.releaseLock()).toBe(true);
    expect(mgr).toMatchObject({ acquired: false, msg: 'success: lock released' });
    expect(existsSync(path)).toBe(true);
  });

  it('is true the second time, and released by one release', async () => {
    const path = makeScratchPath();
    const mgr = makeLockMgr(path);
    await mgr.acquireLock();
    expect(await mgr.acquireLock({ wait: true })).toBe(true);
    expect(mgr).toMatchObject({ acquired: true, msg: 'Already locked' });
    await mgr.releaseLock();
    expect(await makeLockMgr(path).acquireLock()).toBe(true);
  });

  it.each([
    [false, false],
    [true, false],
    [true, true],
  ])('is true for two calls at a time, and released by one release, wait: %s and %s', async (...waits) => {
    const path = makeScratchPath();
    const mgr = makeLockMgr(path);
    const calls = waits.map((wait) => mgr.acquireLock({ wait }));
    expect(await Promise.all(calls)).toEqual([true, true]);
    expect(await mgr.releaseLock()).toBe(true);
    expect(mgr.acquired).toBe(false);
    expect(await makeLockMgr(path).acquireLock()).toBe(true);
  });

  it('is false without a lock to release', async () => {
    const mgr = makeLockMgr(makeScratchPath());
    expect(await mgr.releaseLock()).toBe(false);
    expect(mgr).toMatchObject({ acquired: false, msg: 'No lock to release' });
  });

  it('is false at once when another process has the lock', async () => {
    const path = makeScratchPath();
    await startHolder(path);
    const mgr = makeLockMgr(path);
    const startMs = performance.now();
    expect(await mgr.acquireLock()).toBe(false);
    expect(performance.now() - startMs).toBeLessThan(500);
    expect(mgr).toMatchObject({
      acquired: false,
      msg: `Failed: cannot lock ${path}: somebody else has it locked`,
    });
  });

  it('waits for as many seconds as it is told to, in all', async () => {
    const path = makeScratchPath();
    await startHolder(path);
    const mgr = makeLockMgr(path);
    const startMs = performance.now();
    const since = (): number => performance.now() - startMs;
    // On a busy machine a timer is late, and whoever waits is no more so than that.
    const timer = sleep(500).then(since);
    expect(await mgr.acquireLock({ wait: true, timeout: 0.5 })).toBe(false);
    const tookMs = since();
    expect(tookMs).toBeGreaterThanOrEqual(500);
    expect(tookMs).toBeLessThan((await timer) + 50);
    expect(mgr.msg).toBe(`Failed: cannot lock ${path}: it did not come free within 500 ms`);
  });

  it('has the lock soon after a holder that was killed', async () => {
    const path = makeScratchPath();
    const holder = await startHolder(path);
    const mgr = makeLockMgr(path);
    const waiting = mgr.acquireLock({ wait: true });
    await sleep(100);
    await holder.kill();
    const killedMs = performance.now();
    expect(await waiting).toBe(true);
    expect(performance.now() - killedMs).toBeLessThan(1_000);
  });

  it('removes the file when it is asked to', async () => {
    const path = makeScratchPath();
    const mgr = makeLockMgr(path, { unlink: true });
    await mgr.acquireLock();
    expect(await mgr.releaseLock()).toBe(true);
    expect(existsSync(path)).toBe(false);
  });

  it('says of a file that cannot be locked what the system says', async () => {
    const path = join(makeScratchFolder(), 'none', 'a.lock');
    const mgr = makeLockMgr(path);
    expect(await mgr.acquireLock({ wait: true })).toBe(false);
    expect(mgr.msg).toBe(`Failed: cannot lock ${path}: ENOENT: no such file or directory, open '${path}'`);
  });

  it('does not take a timeout that is none for a lock that is taken', async () => {
    const refused = makeLockMgr(makeScratchPath()).acquireLock({ wait: true, timeout: -1 });
    await expect(refused).rejects.toThrow(FileLockUseError);
  });
});
