import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  existsSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { describe, expect, it, onTestFinished } from 'vitest';
import { findFileHolder, openExclusiveFile } from '../../src/filelock/exclusive-file.ts';
import { FileLockError, FileLockedError } from '../../src/filelock/file-lock-error.ts';
import { isFree, makeLock } from './held-locks.ts';
import { actAsNobody } from './nobody.ts';
import { killProgram, startProgram } from './programs.ts';
import { makeScratchFolder, makeScratchPath } from './scratch-folder.ts';

const lockWorker = new URL('./lock-worker.mjs', import.meta.url);

const startLockProcess = (path: string): Promise<[ChildProcess, string]> =>
  startProgram(process.execPath, fileURLToPath(lockWorker), path);

async function startLockThread(path: string): Promise<[Worker, string]> {
  const thread = new Worker(lockWorker, { workerData: path });
  onTestFinished(async () => void (await thread.terminate()));
  const [word] = (await once(thread, 'message')) as [string];
  return [thread, word];
}

describe('openExclusiveFile', () => {
  it('creates a file that only its owner may read, with the pid of the holder', async () => {
    const path = makeScratchPath();
    const file = await openExclusiveFile(path);
    expect(file.path).toBe(path);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(readFileSync(path, 'utf8')).toBe(`${process.pid}\n`);
    file.close();
  });

  it('locks also where nothing may be written, because a disk is full or files may not grow', async () => {
    const path = makeScratchPath();
    const script = 'ulimit -f 0; exec "$0" "$@"';
    const args = [script, process.execPath, fileURLToPath(lockWorker), path];
    const [, word] = await startProgram('sh', '-c', ...args);
    expect(word).toBe('locked');
    expect(await isFree(path)).toBe(false);
    expect(readFileSync(path, 'utf8')).toBe('');
  });

  it('names the process that has the file locked, and gets it when that is killed', async () => {
    const path = makeScratchPath();
    const [holder, word] = await startLockProcess(path);
    expect(word).toBe('locked');
    const refused = openExclusiveFile(path);
    await expect(refused).rejects.toThrow(FileLockedError);
    await expect(refused).rejects.toThrow(
      expect.objectContaining({
        code: 'LDLM_FILE_LOCKED',
        message: `cannot lock ${path}: process ${holder.pid} has it locked`,
        path,
        holderPid: holder.pid,
      }),
    );
    expect(readFileSync(path, 'utf8')).toBe(`${holder.pid}\n`);

    await killProgram(holder);
    expect(readFileSync(path, 'utf8')).toBe(`${holder.pid}\n`);
    const file = await openExclusiveFile(path);
    expect(readFileSync(path, 'utf8')).toBe(`${process.pid}\n`);
    file.close();
  });

  it('refuses a second open in the same process, which costs the first one nothing', async () => {
    const path = makeScratchPath();
    const file = await openExclusiveFile(path);
    await expect(openExclusiveFile(path)).rejects.toMatchObject({
      holderPid: process.pid,
      message: `cannot lock ${path}: another place in this process has it locked`,
    });
    expect(await isFree(path)).toBe(false);
    file.close();
    (await openExclusiveFile(path)).close();
  });

  it('lets one of many have it who come at once', async () => {
    const path = makeScratchPath();
    const opened = await Promise.allSettled(Array.from({ length: 20 }, () => openExclusiveFile(path)));
    const files = opened.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
    expect(files).toHaveLength(1);
    files[0]!.close();
  });

  it('excludes other threads, and ends with the thread that holds it', async () => {
    const path = makeScratchPath();
    const file = await openExclusiveFile(path);
    const [, refused] = await startLockThread(path);
    expect(refused).toBe('LDLM_FILE_LOCKED');
    file.close();
    const [holder, word] = await startLockThread(path);
    expect(word).toBe('locked');
    await expect(openExclusiveFile(path)).rejects.toThrow(FileLockedError);
    await holder.terminate();
    (await openExclusiveFile(path)).close();
  });

  it('is not inherited by a child that lives longer', async () => {
    const path = makeScratchPath();
    const file = await openExclusiveFile(path);
    const [child] = await startProgram('sh', '-c', 'echo ready; exec sleep 60');
    file.close();
    expect(await isFree(path)).toBe(true);
    expect(child.exitCode).toBe(null);
  });

  it('replaces all that a longer content left', async () => {
    const path = makeScratchPath();
    writeFileSync(path, `${'9'.repeat(40)}\nmore\n`);
    const file = await openExclusiveFile(path);
    expect(readFileSync(path, 'utf8')).toBe(`${process.pid}\n`);
    file.close();
  });

  it.each(['', 'no pid\n', '12', '9'.repeat(40), '-1\n', '12 \n'])(
    'names no process when the file says %j',
    async (content) => {
      const path = makeScratchPath();
      const file = await openExclusiveFile(path);
      writeFileSync(path, content);
      await expect(openExclusiveFile(path)).rejects.toMatchObject({ holderPid: undefined });
      file.close();
    },
  );

  describe('when the file cannot be had', () => {
    it('says so of a folder in which it may not write', async () => {
      const folder = makeScratchFolder();
      chmodSync(folder, 0o500);
      actAsNobody();
      const path = join(folder, 'state.lock');
      const refused = openExclusiveFile(path);
      await expect(refused).rejects.toThrow(FileLockError);
      await expect(refused).rejects.toThrow(
        expect.objectContaining({
          code: 'LDLM_FILE_LOCK',
          message: `cannot lock ${path}: EACCES: permission denied, open '${path}'`,
          path,
        }),
      );
    });

    it.each([
      ['a folder that is not there', (folder: string) => join(folder, 'none', 'state.lock'), 'ENOENT'],
      ['a folder', (folder: string) => folder, 'EISDIR'],
    ])('says so of %s', async (_, place, code) => {
      const path = place(makeScratchFolder());
      await expect(openExclusiveFile(path)).rejects.toMatchObject({
        code: 'LDLM_FILE_LOCK',
        message: expect.stringContaining(`cannot lock ${path}: ${code}`),
        cause: { code },
      });
    });

    it.runIf(existsSync('/proc/self/fd'))('leaves no descriptor open', async () => {
      const path = makeScratchPath();
      const file = await openExclusiveFile(path);
      const before = descriptorsOf(path);
      await expect(openExclusiveFile(path)).rejects.toThrow(FileLockedError);
      expect(before).toHaveLength(1);
      expect(descriptorsOf(path)).toStrictEqual(before);
      file.close();
      expect(descriptorsOf(path)).toStrictEqual([]);
    });
  });
});

describe('ExclusiveFile.close', () => {
  it('leaves the file in its place, empty', async () => {
    const path = makeScratchPath();
    (await openExclusiveFile(path)).close();
    expect(readFileSync(path, 'utf8')).toBe('');
  });

  it('does nothing the second time, also when somebody else has the file by then', async () => {
    const path = makeScratchPath();
    const file = await openExclusiveFile(path);
    file.close();
    const next = await openExclusiveFile(path);
    file.close();
    expect(await isFree(path)).toBe(false);
    expect(readFileSync(path, 'utf8')).toBe(`${process.pid}\n`);
    next.close();
  });
});

/** The descriptors of this process that are open on the file. */
function descriptorsOf(path: string): readonly string[] {
  return readdirSync('/proc/self/fd').filter((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`) === path;
    } catch {
      return false; // Closed since it was listed.
    }
  });
}

describe('findFileHolder', () => {
  it('finds who has the file locked, and changes nothing', async () => {
    const path = makeScratchPath();
    expect(await findFileHolder(path)).toBeNull();
    expect(existsSync(path)).toBe(false);
    const file = await openExclusiveFile(path);
    expect(await findFileHolder(path)).toEqual({ pid: process.pid });
    expect(await isFree(path)).toBe(false);
    file.close();
    expect(await findFileHolder(path)).toBeNull();
    expect(await isFree(path)).toBe(true);
  });

  it('tells a holder that is gone, and one that writes no pid', async () => {
    const path = makeScratchPath();
    writeFileSync(path, '4711\n');
    expect(await findFileHolder(path)).toBeNull();
    writeFileSync(path, '');
    await makeLock(path).acquire();
    expect(await findFileHolder(path)).toEqual({ pid: undefined });
  });

  it('says why it cannot look', async () => {
    const folder = makeScratchFolder();
    const inFile = join(process.execPath, 'lock');
    await expect(findFileHolder(inFile)).rejects.toThrow(FileLockError);
    await expect(findFileHolder(join(folder, 'none'))).resolves.toBeNull();
  });
});
