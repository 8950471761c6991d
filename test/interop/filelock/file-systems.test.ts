import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { makeLock } from '../../filelock/held-locks.ts';
import { startHolder } from '../../filelock/lock-process.ts';
import { runProgram } from '../../filelock/programs.ts';
import { makeScratchFolder } from '../../filelock/scratch-folder.ts';

/** Mounts a file system until the test is over, which takes root, and returns its folder. */
function mount(type: string, options: string): string {
  const folder = makeScratchFolder();
  execFileSync('mount', ['-t', type, '-o', options, type, folder]);
  onTestFinished(() => void execFileSync('umount', [folder]));
  return folder;
}

/** An overlay of two folders in memory; the lower one has the file `lower.lock`. */
function mountOverlay(): string {
  const base = mount('tmpfs', 'size=1m');
  const [lower, upper, work] = ['lower', 'upper', 'work'].map((name) => join(base, name));
  for (const folder of [lower, upper, work]) mkdirSync(folder!);
  writeFileSync(join(lower!, 'lower.lock'), 'from below');
  return mount('overlay', `lowerdir=${lower},upperdir=${upper},workdir=${work}`);
}

function fill(path: string): void {
  expect(() => writeFileSync(path, Buffer.alloc(1 << 20))).toThrow('ENOSPC');
}

describe.each([
  ['tmpfs', () => join(mount('tmpfs', 'size=64k'), 'a.lock')],
  ['an overlay', () => join(mountOverlay(), 'a.lock')],
  ['an overlay whose lower layer has the file', () => join(mountOverlay(), 'lower.lock')],
])('a FileLock on %s', (_, makePath) => {
  it('excludes other processes and flock(1), and can be unlinked', async () => {
    const path = makePath();
    const holder = await startHolder(path);
    const lock = makeLock(path, true);
    await expect(lock.acquire({ wait: false })).rejects.toMatchObject({ code: 'LDLM_FILE_LOCKED' });
    const waiting = lock.acquire({ timeoutMs: 5_000 });
    await holder.kill();
    await waiting;
    expect(runProgram('flock', '-n', path, 'true')).toBe(1);
    await lock.release();
    expect(existsSync(path)).toBe(false);
  });
});

it('a FileLock needs no room on a full disk', async () => {
  const folder = mount('tmpfs', 'size=64k');
  fill(join(folder, 'filler'));
  const lock = await makeLock(join(folder, 'new.lock')).acquire();
  expect(runProgram('flock', '-n', lock.path, 'true')).toBe(1);
});

it('a FileLock says of a disk with no room for another file that it is full', async () => {
  const folder = mount('tmpfs', 'nr_inodes=2');
  await makeLock(join(folder, 'first.lock')).acquire();
  await expect(makeLock(join(folder, 'second.lock')).acquire()).rejects.toMatchObject({
    code: 'LDLM_FILE_LOCK',
    cause: { code: 'ENOSPC' },
  });
});

it('a FileLock says of a disk that may not be written that it is read-only', async () => {
  const path = join(mount('tmpfs', 'ro'), 'a.lock');
  await expect(makeLock(path).acquire()).rejects.toMatchObject({ cause: { code: 'EROFS' } });
});
