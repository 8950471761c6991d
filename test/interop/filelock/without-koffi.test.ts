import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { FileLock } from '../../../src/filelock/file-lock.ts';
import { LockProcess } from '../../filelock/lock-process.ts';
import { runProgram } from '../../filelock/programs.ts';
import { makeScratchPath } from '../../filelock/scratch-folder.ts';
import { copyWithoutBinary } from './package-copy.ts';

/** The processes whose parent has that pid. */
function childrenOf(pid: number): readonly string[] {
  return readdirSync(`/proc/${pid}/task`).flatMap((thread) =>
    readFileSync(`/proc/${pid}/task/${thread}/children`, 'latin1').split(' ').filter(Boolean),
  );
}

describe.each(['absent', 'bare'] as const)('a file lock where koffi is %s', (koffi) => {
  it('has no koffi that could be loaded', () => {
    const folder = copyWithoutBinary(koffi);
    const load = ['--input-type=module', '-e', 'await import("koffi")'];
    const { status, stderr } = spawnSync(process.execPath, load, { cwd: folder });
    expect(status).toBe(1);
    expect(stderr.toString()).toMatch(/koffi/i);
  });

  it('excludes those who call flock, and flock(1), and is excluded', async () => {
    const path = makeScratchPath();
    const process = new LockProcess(path, {}, copyWithoutBinary(koffi));
    const lock = await new FileLock(path).acquire();
    expect(await process.acquire({ wait: false })).toMatchObject({ word: 'LDLM_FILE_LOCKED' });
    expect(await process.acquire({ timeoutMs: 300 })).toMatchObject({ word: 'LDLM_FILE_LOCK_TIMEOUT' });
    await lock.release();
    expect(await process.acquire({ wait: false })).toMatchObject({ word: 'done' });
    await expect(lock.acquire({ wait: false })).rejects.toMatchObject({ code: 'LDLM_FILE_LOCKED' });
    expect(runProgram('flock', '-n', path, 'true')).toBe(1);
    await process.release();
    expect(runProgram('flock', '-n', path, 'true')).toBe(0);
  });
});

describe('a file lock by the program flock', () => {
  it('comes within 100 ms of the release, and of the end of a holder that is killed', async () => {
    const path = makeScratchPath();
    const folder = copyWithoutBinary('absent');
    const [one, other] = [new LockProcess(path, {}, folder), new LockProcess(path, {}, folder)];
    await one.acquire();
    const waiting = other.acquire();
    await sleep(300);
    const released = await one.release();
    const acquired = await waiting;
    expect(acquired.atMs - released.atMs).toBeLessThan(100);

    const waitingAgain = one.acquire();
    await sleep(300);
    const killedMs = Date.now();
    await other.kill();
    expect((await waitingAgain).atMs - killedMs).toBeLessThan(1_000);
  });

  it('is held by no other process than its own, and leaves none when the waiting ends', async () => {
    const path = makeScratchPath();
    const folder = copyWithoutBinary('absent');
    const [holder, waiter] = [new LockProcess(path, {}, folder), new LockProcess(path, {}, folder)];
    await holder.acquire();
    expect(childrenOf(holder.pid)).toStrictEqual([]);
    expect(await waiter.acquire({ timeoutMs: 200 })).toMatchObject({ word: 'LDLM_FILE_LOCK_TIMEOUT' });
    expect(childrenOf(waiter.pid)).toStrictEqual([]);
    expect(await waiter.acquire({ abortAfterMs: 200 })).toMatchObject({ word: 'TimeoutError' });
    expect(childrenOf(waiter.pid)).toStrictEqual([]);
  });

  it('is not taken by a waiter that was killed', async () => {
    const path = makeScratchPath();
    const folder = copyWithoutBinary('absent');
    const lock = await new FileLock(path).acquire();
    const waiters = Array.from({ length: 4 }, () => new LockProcess(path, {}, folder));
    for (const waiter of waiters) void waiter.acquire();
    await sleep(500);
    await Promise.all(waiters.map((waiter) => waiter.kill()));
    await lock.release();
    await lock.acquire({ timeoutMs: 1_000 });
    expect(await lock.release()).toBe(true);
    expect(readdirSync(join(path, '..'))).toStrictEqual(['state.lock']);
  });
});
