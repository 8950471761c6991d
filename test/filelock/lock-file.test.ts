import {
  chmodSync,
  closeSync,
  existsSync,
  fstatSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { tryLockFile, unlinkLockedFile } from '../../src/filelock/lock-file.ts';
import { actAsNobody } from './nobody.ts';
import { makeScratchFolder, makeScratchPath } from './scratch-folder.ts';

/** Locks the file, and expects that this can be done. */
async function lockFile(path: string, shared = false): Promise<number> {
  const fd = await tryLockFile(path, shared);
  expect(fd).toBeDefined();
  onTestFinished(() => closeSync(fd!));
  return fd!;
}

describe('tryLockFile', () => {
  it('makes an empty file that others may read', async () => {
    const path = makeScratchPath();
    await lockFile(path);
    expect(readFileSync(path, 'utf8')).toBe('');
    expect(statSync(path).mode & 0o777).toBe(0o644 & ~process.umask());
  });

  it('has no descriptor for whom the file is locked against', async () => {
    const path = makeScratchPath();
    await lockFile(path);
    const before = readdirSync('/dev/fd').length;
    expect(await tryLockFile(path, false)).toBeUndefined();
    expect(await tryLockFile(path, true)).toBeUndefined();
    expect(readdirSync('/dev/fd')).toHaveLength(before);
  });

  // The file is opened at the call and locked a turn later, in which all of this happens.
  it('locks the file that has taken the place of the one that it opened', async () => {
    const path = makeScratchPath();
    writeFileSync(path, 'old');
    writeFileSync(`${path}.new`, 'new');
    const locking = lockFile(path);
    renameSync(`${path}.new`, path);
    expect(readFileSync(await locking, 'utf8')).toBe('new');
    expect(await tryLockFile(path, false)).toBeUndefined();
  });

  it('locks a new file when the one that it opened was unlinked', async () => {
    const path = makeScratchPath();
    writeFileSync(path, 'old');
    const locking = lockFile(path);
    unlinkSync(path);
    expect(fstatSync(await locking).ino).toBe(statSync(path).ino);
  });

  it('follows a symbolic link, to a file that is there or is to be made', async () => {
    const path = makeScratchPath();
    symlinkSync(path, `${path}.link`);
    await lockFile(`${path}.link`);
    expect(await tryLockFile(path, false)).toBeUndefined();
  });

  it.each([
    ['in a folder that is not there', (folder: string) => join(folder, 'none', 'a.lock'), 'ENOENT'],
    ['that is a folder', (folder: string) => folder, 'EISDIR'],
    ['below a file', () => join(process.execPath, 'a.lock'), 'ENOTDIR'],
    ['that is a link to itself', makeLoop, 'ELOOP'],
    ['that is a socket', makeSocket, 'ENXIO'],
    ['with a name that is too long', (folder: string) => join(folder, 'a'.repeat(300)), 'ENAMETOOLONG'],
  ])('tells of a path %s', async (_, place, code) => {
    await expect(tryLockFile(await place(makeScratchFolder()), false)).rejects.toMatchObject({ code });
  });

  it('tells of a device', async () => {
    await expect(tryLockFile('/dev/null', false)).rejects.toThrow('it is not a regular file');
  });

  it('tells of a folder in which it may make no file', async () => {
    const folder = makeScratchFolder();
    chmodSync(folder, 0o500);
    actAsNobody();
    await expect(tryLockFile(join(folder, 'a.lock'), false)).rejects.toMatchObject({ code: 'EACCES' });
  });

  it('tells of a file of somebody else, even while it is locked', async () => {
    const folder = makeScratchFolder();
    const path = join(folder, 'a.lock');
    await lockFile(path);
    chmodSync(folder, 0o755);
    chmodSync(path, 0o444);
    actAsNobody();
    await expect(tryLockFile(path, false)).rejects.toMatchObject({ code: 'EACCES' });
  });
});

describe('unlinkLockedFile', () => {
  it('unlinks the file that is locked', async () => {
    const path = makeScratchPath();
    await unlinkLockedFile(path, await lockFile(path), false);
    expect(existsSync(path)).toBe(false);
  });

  it('unlinks a shared file for the last who shares it', async () => {
    const path = makeScratchPath();
    const first = await lockFile(path, true);
    const last = await tryLockFile(path, true);
    await unlinkLockedFile(path, last!, true);
    expect(existsSync(path)).toBe(true);
    closeSync(last!);
    await unlinkLockedFile(path, first, true);
    expect(existsSync(path)).toBe(false);
  });

  it('leaves a file that has taken the place of the locked one', async () => {
    const path = makeScratchPath();
    const fd = await lockFile(path);
    writeFileSync(`${path}.new`, 'new');
    renameSync(`${path}.new`, path);
    await unlinkLockedFile(path, fd, false);
    expect(existsSync(path)).toBe(true);
    expect(readFileSync(path, 'utf8')).toBe('new');
  });

  it('leaves a symbolic link and what it points to', async () => {
    const path = makeScratchPath();
    symlinkSync(path, `${path}.link`);
    await unlinkLockedFile(`${path}.link`, await lockFile(`${path}.link`), false);
    expect(existsSync(`${path}.link`)).toBe(true);
  });

  it('leaves what may not be removed, and does not mind what is gone', async () => {
    const folder = makeScratchFolder();
    const path = join(folder, 'a.lock');
    const fd = await lockFile(path);
    const gone = await lockFile(`${path}.gone`);
    rmSync(`${path}.gone`);
    await unlinkLockedFile(`${path}.gone`, gone, false);
    chmodSync(folder, 0o555);
    actAsNobody();
    await unlinkLockedFile(path, fd, false);
    expect(existsSync(path)).toBe(true);
  });
});

function makeLoop(folder: string): string {
  const path = join(folder, 'loop');
  symlinkSync(path, path);
  return path;
}

async function makeSocket(folder: string): Promise<string> {
  const path = join(folder, 'socket');
  const server = createServer().listen(path);
  onTestFinished(() => void server.close());
  await new Promise((resolve) => server.once('listening', resolve));
  return path;
}
