import { closeSync, openSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import { tryFlock } from '../../src/filelock/flock.ts';
import { startProgram } from './programs.ts';
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

  it('is called again after a call for which no descriptor was left, and which says so', async () => {
    const program = fileURLToPath(new URL('./scarce-descriptors-worker.mjs', import.meta.url));
    const args = ['ulimit -n 100; exec "$0" "$@"', process.execPath, program, makeScratchPath()];
    const [, words] = await startProgram('sh', '-c', ...args);
    // Node.js 24 calls a package.json invalid that it cannot open.
    const shortage = /^(EMFILE|ERR_INVALID_PACKAGE_CONFIG)$/;
    const unable = 'koffi cannot call flock here, nor can the program be run that would: spawn flock';
    const refusal = ['LDLM_FILE_LOCK', expect.stringContaining(unable), expect.stringMatching(shortage)];
    expect(JSON.parse(words)).toEqual([refusal, 'locked']);
  });
});
