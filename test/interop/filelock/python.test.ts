import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { LockMgr } from '../../../src/filelock/lock-mgr.ts';
import { isFree, makeLock } from '../../filelock/held-locks.ts';
import { killProgram, startProgram } from '../../filelock/programs.ts';
import { makeScratchPath } from '../../filelock/scratch-folder.ts';
import { peers } from '../peers.ts';

const script = (name: string): string => fileURLToPath(new URL(`./python/${name}`, import.meta.url));

const holdFlock = (path: string, kind: 'exclusive' | 'shared' | 'posix'): Promise<[ChildProcess, string]> =>
  startProgram(peers.python, script('hold_flock.py'), path, kind);

const stepLikeLockmgr = (path: string): Promise<[ChildProcess, string]> =>
  startProgram(peers.python, script('lockmgr_steps.py'), path);

describe('a FileLock and fcntl.flock of Python', () => {
  it('exclude each other', async () => {
    const path = makeScratchPath();
    const lock = await makeLock(path).acquire();
    expect((await holdFlock(path, 'exclusive'))[1]).toBe('busy');
    expect((await holdFlock(path, 'shared'))[1]).toBe('busy');
    await lock.release();
    const [holder, word] = await holdFlock(path, 'exclusive');
    expect(word).toBe('locked');
    await expect(lock.acquire({ wait: false })).rejects.toMatchObject({ code: 'LDLM_FILE_LOCKED' });
    await expect(lock.acquire({ timeoutMs: 300 })).rejects.toMatchObject({ code: 'LDLM_FILE_LOCK_TIMEOUT' });
    await killProgram(holder);
    await lock.acquire({ timeoutMs: 1_000 });
  });

  it('share the lock when both want to', async () => {
    const path = makeScratchPath();
    await makeLock(path).acquire({ shared: true });
    const [holder, word] = await holdFlock(path, 'shared');
    expect(word).toBe('locked');
    expect((await holdFlock(path, 'exclusive'))[1]).toBe('busy');
    await makeLock(path).acquire({ shared: true, wait: false });
    await killProgram(holder);
  });

  it('do not see the other kind of lock, which fcntl.lockf takes', async () => {
    const path = makeScratchPath();
    await makeLock(path).acquire();
    expect((await holdFlock(path, 'posix'))[1]).toBe('locked');
  });
});

describe('a LockMgr and the steps of lockmgr', () => {
  it('exclude each other', async () => {
    const path = makeScratchPath();
    const mgr = new LockMgr(path, { unlink: true });
    expect(await mgr.acquireLock()).toBe(true);
    expect((await stepLikeLockmgr(path))[1]).toMatch(/^Failed: \[Errno 11\]/);
    expect(await mgr.releaseLock()).toBe(true);
    expect(existsSync(path)).toBe(false);
    const [holder, word] = await stepLikeLockmgr(path);
    expect(word).toBe('Success');
    expect(await mgr.acquireLock()).toBe(false);
    await killProgram(holder);
    expect(await mgr.acquireLock({ wait: true, timeout: 1 })).toBe(true);
    expect(await mgr.releaseLock()).toBe(true);
  });

  it('have the lock one after the other when lockmgr unlinks what is waited for', async () => {
    const path = makeScratchPath();
    const [holder] = await stepLikeLockmgr(path);
    const mgr = new LockMgr(path);
    const waiting = mgr.acquireLock({ wait: true, timeout: 5 });
    await sleep(200);
    const releasedMs = performance.now();
    holder.kill('SIGTERM');
    expect(await once(holder, 'exit')).toStrictEqual([0, null]);
    expect(await waiting).toBe(true);
    expect(performance.now() - releasedMs).toBeLessThan(1_000);
    expect(await isFree(path)).toBe(false);
    expect((await stepLikeLockmgr(path))[1]).toMatch(/^Failed/);
    await mgr.releaseLock();
  });
});
