import { closeSync, mkdirSync, openSync } from 'node:fs';
import { describe, expect, it, onTestFinished } from 'vitest';
import { tryFlock } from '../../../src/filelock/flock.ts';
import { tryFlockByProgram } from '../../../src/filelock/flock-program.ts';
import { runProgram } from '../../filelock/programs.ts';
import { makeScratchFolder, makeScratchPath } from '../../filelock/scratch-folder.ts';

function openFile(path: string): number {
  const fd = openSync(path, 'a');
  onTestFinished(() => closeSync(fd));
  return fd;
}

function setPath(path: string): void {
  const before = process.env['PATH'];
  process.env['PATH'] = path;
  onTestFinished(() => {
    process.env['PATH'] = before;
  });
}

describe('tryFlockByProgram', () => {
  it('takes a lock that outlasts the program, until the file is closed', async () => {
    const path = makeScratchPath();
    const holder = openSync(path, 'a');
    const other = openFile(path);
    expect(await tryFlockByProgram(holder, false)).toBe(true);
    expect(await tryFlockByProgram(holder, false)).toBe(true);
    expect(await tryFlockByProgram(other, false)).toBe(false);
    expect(await tryFlock(other)).toBe(false);
    expect(runProgram('flock', '-n', path, 'true')).toBe(1);
    closeSync(holder);
    expect(await tryFlockByProgram(other, false)).toBe(true);
  });

  it('sees the lock of a call', async () => {
    const path = makeScratchPath();
    await tryFlock(openFile(path));
    expect(await tryFlockByProgram(openFile(path), true)).toBe(false);
  });

  it('shares the lock with others who share it', async () => {
    const path = makeScratchPath();
    expect(await tryFlockByProgram(openFile(path), true)).toBe(true);
    expect(await tryFlockByProgram(openFile(path), true)).toBe(true);
    expect(await tryFlockByProgram(openFile(path), false)).toBe(false);
  });

  it('tells a failure from a lock that somebody has', async () => {
    await expect(tryFlockByProgram(9_999, false)).rejects.toThrow(/EBADF|bad file descriptor/i);
  });

  it('says that there is no such program', async () => {
    const fd = openFile(makeScratchPath());
    setPath(makeScratchFolder());
    await expect(tryFlockByProgram(fd, false)).rejects.toThrow(
      'koffi cannot call flock here, nor can the program be run that would: spawn flock ENOENT',
    );
  });

  it('passes on what the program complains of', async () => {
    const folder = makeScratchFolder();
    const fd = openFile(`${folder}/a.lock`);
    mkdirSync(`${folder}/bin`);
    // BusyBox ends with the code of a lock that is taken for every failure, and says why.
    const script = '#!/bin/sh\necho "flock: No locks available" >&2\nexit 1\n';
    runProgram('sh', '-c', 'printf "%s" "$1" > "$0"; chmod +x "$0"', `${folder}/bin/flock`, script);
    setPath(`${folder}/bin:/bin:/usr/bin`);
    await expect(tryFlockByProgram(fd, false)).rejects.toThrow('flock: No locks available');
  });
});
