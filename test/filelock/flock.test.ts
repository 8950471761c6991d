import { closeSync, openSync } from 'node:fs';
import { describe, expect, it, onTestFinished } from 'vitest';
import { tryFlock } from '../../src/filelock/flock.ts';
import { makeScratchPath } from './scratch-folder.ts';

function openFile(path: string): number {
  const fd = openSync(path, 'w');
  onTestFinished(() => closeSync(fd));
  return fd;
}

describe('tryFlock', () => {
  it('belongs to one open of the file, which may take it again', async () => {
    const path = makeScratchPath();
    const holder = openFile(path);
    const other = openFile(path);
    expect(await tryFlock(holder)).toBe(true);
    expect(await tryFlock(holder)).toBe(true);
    expect(await tryFlock(other)).toBe(false);
  });

  it('is exclusive: not even a shared lock gets in', async () => {
    const path = makeScratchPath();
    await tryFlock(openFile(path));
    expect(await tryFlock(openFile(path), true)).toBe(false);
  });

  it('is shared when all want to share it', async () => {
    const path = makeScratchPath();
    expect(await tryFlock(openFile(path), true)).toBe(true);
    expect(await tryFlock(openFile(path), true)).toBe(true);
    expect(await tryFlock(openFile(path))).toBe(false);
  });

  it('tells a failure from a lock that somebody has', async () => {
    await expect(tryFlock(-1)).rejects.toThrow('flock: bad file descriptor');
  });
});
