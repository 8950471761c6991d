import { readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { openExclusiveFile } from '../../../src/filelock/exclusive-file.ts';
import { killProgram, runProgram, startProgram } from '../../filelock/programs.ts';
import { makeScratchPath } from '../../filelock/scratch-folder.ts';

/** Whether flock(1) of util-linux finds the file free. */
const isFreeForShell = (path: string): boolean => runProgram('flock', '-n', path, 'true') === 0;

describe('openExclusiveFile', () => {
  it('locks what flock(1) sees, until it is closed', async () => {
    const path = makeScratchPath();
    const file = await openExclusiveFile(path);
    expect(isFreeForShell(path)).toBe(false);
    file.close();
    expect(isFreeForShell(path)).toBe(true);
  });

  it('sees what flock(1) locks, and leaves the content alone', async () => {
    const path = makeScratchPath();
    writeFileSync(path, 'a note of the shell');
    const [shell] = await startProgram('flock', '--no-fork', path, 'sh', '-c', 'echo locked; exec sleep 60');
    await expect(openExclusiveFile(path)).rejects.toThrow(
      expect.objectContaining({
        code: 'LDLM_FILE_LOCKED',
        message: `cannot lock ${path}: somebody else has it locked`,
        holderPid: undefined,
      }),
    );
    expect(readFileSync(path, 'utf8')).toBe('a note of the shell');
    await killProgram(shell);
    (await openExclusiveFile(path)).close();
  });

  it('says of a pipe that it cannot be had', async () => {
    const path = makeScratchPath();
    runProgram('mkfifo', path);
    await expect(openExclusiveFile(path)).rejects.toMatchObject({
      code: 'LDLM_FILE_LOCK',
      message: expect.stringContaining(`cannot lock ${path}: ESPIPE`),
      cause: { code: 'ESPIPE' },
    });
  });
});
