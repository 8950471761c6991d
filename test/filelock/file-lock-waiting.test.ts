import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { FileLockTimeoutError } from '../../src/filelock/file-lock-error.ts';
import { isFree, makeLock } from './held-locks.ts';
import { startHolder } from './lock-process.ts';
import { makeScratchPath } from './scratch-folder.ts';

describe('waiting for a FileLock', () => {
  it('ends within 100 ms of the release', async () => {
    const path = makeScratchPath();
    const holder = await startHolder(path);
    const waiting = makeLock(path).acquire();
    // Long enough for the delays to have grown to their longest.
    await sleep(300);
    const { atMs } = await holder.release();
    await waiting;
    expect(Date.now() - atMs).toBeLessThan(100);
  });

  it('ends when the time is over, in all', async () => {
    const path = makeScratchPath();
    await startHolder(path);
    const startMs = performance.now();
    const refused = makeLock(path).acquire({ timeoutMs: 1_000 });
    await expect(refused).rejects.toThrow(FileLockTimeoutError);
    await expect(refused).rejects.toMatchObject({ code: 'LDLM_FILE_LOCK_TIMEOUT', path, timeoutMs: 1_000 });
    const tookMs = performance.now() - startMs;
    expect(tookMs).toBeGreaterThanOrEqual(1_000);
    expect(tookMs).toBeLessThan(1_100);
  });

  it('takes one look with a timeout of 0', async () => {
    const path = makeScratchPath();
    const lock = await makeLock(path).acquire({ timeoutMs: 0 });
    await expect(makeLock(path).acquire({ timeoutMs: 0 })).rejects.toThrow(FileLockTimeoutError);
    await lock.release();
  });

  it('ends with the reason of the signal', async () => {
    const path = makeScratchPath();
    await makeLock(path).acquire();
    const reason = new Error('the user went home');
    const abortion = new AbortController();
    const lock = makeLock(path);
    const waiting = lock.acquire({ signal: abortion.signal });
    const startMs = performance.now();
    setTimeout(() => abortion.abort(reason), 100);
    await expect(waiting).rejects.toBe(reason);
    expect(performance.now() - startMs).toBeLessThan(200);
    await expect(lock.acquire({ signal: abortion.signal })).rejects.toBe(reason);
    await expect(lock.acquire({ signal: AbortSignal.timeout(20) })).rejects.toMatchObject({
      name: 'TimeoutError',
    });
    expect(lock.held).toBe(false);
  });

  it('ends with the reason of a signal that aborts while the lock is taken', async () => {
    const path = makeScratchPath();
    const lock = makeLock(path);
    const abortion = new AbortController();
    const waiting = lock.acquire({ signal: abortion.signal });
    abortion.abort(new Error('at once'));
    await expect(waiting).rejects.toThrow('at once');
    expect(lock.held).toBe(false);
    expect(await isFree(path)).toBe(true);
  });

  it('leaves the event loop to others', async () => {
    const path = makeScratchPath();
    await makeLock(path).acquire();
    let longestMs = 0;
    let lastMs = performance.now();
    const timer = setInterval(() => {
      longestMs = Math.max(longestMs, performance.now() - lastMs);
      lastMs = performance.now();
    }, 5);
    const waiters = Array.from({ length: 20 }, () => makeLock(path).acquire({ timeoutMs: 500 }));
    const ends = await Promise.allSettled(waiters);
    clearInterval(timer);
    expect(ends.every(({ status }) => status === 'rejected')).toBe(true);
    expect(longestMs).toBeLessThan(100);
  });

  it('ends soon after the holder was killed, whose file is in nobody’s way', async () => {
    const path = makeScratchPath();
    const holder = await startHolder(path);
    const waiting = makeLock(path).acquire({ timeoutMs: 5_000 });
    await sleep(200);
    await holder.kill();
    const killedMs = performance.now();
    const lock = await waiting;
    expect(performance.now() - killedMs).toBeLessThan(1_000);
    expect(existsSync(path)).toBe(true);
    await lock.release();
    expect(await isFree(path)).toBe(true);
  });

  it('does not end because the holder was stopped', async () => {
    const path = makeScratchPath();
    const holder = await startHolder(path);
    holder.signal('SIGSTOP');
    await expect(makeLock(path).acquire({ timeoutMs: 500 })).rejects.toThrow(FileLockTimeoutError);
    holder.signal('SIGCONT');
    await holder.release();
    await makeLock(path).acquire({ timeoutMs: 1_000 });
  });

  it('finds the new file when another was put in its place', async () => {
    const path = makeScratchPath();
    const holder = await startHolder(path);
    const waiting = makeLock(path).acquire({ timeoutMs: 5_000 });
    await sleep(100);
    writeFileSync(`${path}.new`, 'new');
    renameSync(`${path}.new`, path);
    const lock = await waiting;
    expect(readFileSync(lock.fd!, 'utf8')).toBe('new');
    // The one who has the old file has it still, and takes nothing from the new one by going.
    await holder.release();
    expect(await isFree(path)).toBe(false);
  });
});
