import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, openSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it, onTestFinished } from 'vitest';
import { FileLockError } from '../../src/filelock/file-lock-error.ts';
import { isFree, makeLock } from './held-locks.ts';
import { killProgram } from './programs.ts';
import { makeScratchPath } from './scratch-folder.ts';

describe('the file of a FileLock', () => {
  it('stays when the lock is released, with what is in it', async () => {
    const path = makeScratchPath();
    // The number of a process that lives, this one, is nobody's claim.
    writeFileSync(path, `${process.pid}\n`);
    const { ino } = statSync(path);
    const lock = await makeLock(path).acquire();
    await lock.release();
    expect(readFileSync(path, 'utf8')).toBe(`${process.pid}\n`);
    expect(statSync(path).ino).toBe(ino);
  });

  it('is removed with the option unlink, and a waiter makes it anew', async () => {
    const path = makeScratchPath();
    const lock = await makeLock(path, true).acquire();
    const waiting = makeLock(path, true).acquire({ timeoutMs: 5_000 });
    await sleep(20);
    await lock.release();
    const next = await waiting;
    expect(await isFree(path)).toBe(false);
    await next.release();
    expect(existsSync(path)).toBe(false);
  });

  it('is not removed while others share it', async () => {
    const path = makeScratchPath();
    const [one, other] = [makeLock(path, true), makeLock(path, true)];
    await one.acquire({ shared: true });
    await other.acquire({ shared: true });
    await one.release();
    expect(existsSync(path)).toBe(true);
    expect(await isFree(path)).toBe(false);
    await other.release();
    expect(existsSync(path)).toBe(false);
  });

  it('is named with the reason when it cannot be had', async () => {
    const path = `${makeScratchPath()}/none`;
    const refused = makeLock(path).acquire();
    await expect(refused).rejects.toThrow(FileLockError);
    await expect(refused).rejects.toMatchObject({
      code: 'LDLM_FILE_LOCK',
      message: `cannot lock ${path}: ENOENT: no such file or directory, open '${path}'`,
      path,
      cause: { code: 'ENOENT' },
    });
  });
});

describe('the descriptor of a FileLock', () => {
  it('keeps the lock when another descriptor of the file is closed', async () => {
    const path = makeScratchPath();
    const lock = await makeLock(path).acquire();
    closeSync(openSync(path, 'r+'));
    expect(await isFree(path)).toBe(false);
    await lock.release();
  });

  const longProgram = ['-e', 'console.log("ready"); setTimeout(() => {}, 60_000)'];

  it('is not inherited by a child that lives longer', async () => {
    const path = makeScratchPath();
    const lock = await makeLock(path).acquire();
    const child = spawn(process.execPath, longProgram, { stdio: ['ignore', 'pipe', 'inherit'] });
    onTestFinished(() => killProgram(child));
    await once(child.stdout, 'data');
    await lock.release();
    expect(await isFree(path)).toBe(true);
  });

  it('keeps the lock for a child that it is given to', async () => {
    const path = makeScratchPath();
    const lock = await makeLock(path).acquire();
    const child = spawn(process.execPath, longProgram, { stdio: ['ignore', 'pipe', 'inherit', lock.fd] });
    onTestFinished(() => void child.kill('SIGKILL'));
    await once(child.stdout!, 'data');
    await lock.release();
    expect(lock.fd).toBeUndefined();
    expect(await isFree(path)).toBe(false);
    await killProgram(child);
    expect(await isFree(path)).toBe(true);
  });
});
