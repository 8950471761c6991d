import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it, onTestFinished } from 'vitest';
import { isShared, makeLock } from '../../filelock/held-locks.ts';
import { killProgram, runProgram, startProgram } from '../../filelock/programs.ts';
import { makeScratchPath } from '../../filelock/scratch-folder.ts';

const holdFlock = (path: string, ...options: readonly string[]): Promise<[ChildProcess, string]> =>
  startProgram('flock', ...options, '--no-fork', path, 'sh', '-c', 'echo locked; exec sleep 60');

describe('a FileLock and flock(1)', () => {
  it('exclude each other', async () => {
    const path = makeScratchPath();
    const lock = await makeLock(path).acquire();
    expect(runProgram('flock', '-n', path, 'true')).toBe(1);
    expect(runProgram('flock', '-n', '-s', path, 'true')).toBe(1);
    expect(runProgram('flock', '-w', '0.2', path, 'true')).toBe(1);
    await lock.release();
    const [holder] = await holdFlock(path);
    await expect(lock.acquire({ wait: false })).rejects.toMatchObject({ code: 'LDLM_FILE_LOCKED' });
    await killProgram(holder);
    await lock.acquire({ timeoutMs: 1_000 });
  });

  it('share the lock when both want to', async () => {
    const path = makeScratchPath();
    const [holder] = await holdFlock(path, '-s');
    expect(await isShared(path)).toBe(true);
    await expect(makeLock(path).acquire({ wait: false })).rejects.toMatchObject({ code: 'LDLM_FILE_LOCKED' });
    await killProgram(holder);
    await makeLock(path).acquire({ shared: true });
    expect(runProgram('flock', '-n', '-s', path, 'true')).toBe(0);
    expect(runProgram('flock', '-n', path, 'true')).toBe(1);
  });

  it('wait for each other', async () => {
    const path = makeScratchPath();
    const lock = await makeLock(path).acquire();
    const shell = spawn('flock', [path, 'sleep', '0.3'], { stdio: 'ignore' });
    onTestFinished(() => void shell.kill('SIGKILL'));
    await sleep(100);
    expect(shell.exitCode).toBeNull();
    const ended = once(shell, 'exit').then(() => performance.now());
    await lock.release();
    await sleep(100);
    await expect(lock.acquire({ wait: false })).rejects.toMatchObject({ code: 'LDLM_FILE_LOCKED' });
    await lock.acquire({ timeoutMs: 5_000 });
    expect(performance.now() - (await ended)).toBeLessThan(100);
  });

  it('keep the lock in a script to which the descriptor was given', async () => {
    const path = makeScratchPath();
    const lock = await makeLock(path).acquire();
    const shell = spawn('sh', ['-c', 'exec sleep 60'], { stdio: ['ignore', 'ignore', 'ignore', lock.fd] });
    onTestFinished(() => void shell.kill('SIGKILL'));
    await lock.release();
    expect(runProgram('flock', '-n', path, 'true')).toBe(1);
    await killProgram(shell);
    expect(runProgram('flock', '-n', path, 'true')).toBe(0);
  });
});

it('a FileLock says of a pipe that it is none to lock, and does not wait for its other end', async () => {
  const path = makeScratchPath();
  runProgram('mkfifo', path);
  await expect(makeLock(path).acquire()).rejects.toMatchObject({
    code: 'LDLM_FILE_LOCK',
    message: `cannot lock ${path}: it is not a regular file`,
  });
  expect(existsSync(path)).toBe(true);
});
