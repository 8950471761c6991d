import { chmodSync, chownSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { makeLock } from '../../filelock/held-locks.ts';
import { makeScratchFolder } from '../../filelock/scratch-folder.ts';

const SETTING = '/proc/sys/fs/protected_regular';
const OTHER_USER = 65_534;

/** Sets what the kernel protects until the test is over. Whether it may be set here. */
function protect(level: string): boolean {
  try {
    const before = readFileSync(SETTING, 'latin1');
    writeFileSync(SETTING, level);
    onTestFinished(() => writeFileSync(SETTING, before));
    return true;
  } catch {
    return false;
  }
}

/** A folder such as /tmp, with a lock file of another user. */
function makeStickyPath(): string {
  const folder = makeScratchFolder();
  const path = join(folder, 'a.lock');
  writeFileSync(path, '');
  chownSync(path, OTHER_USER, OTHER_USER);
  chmodSync(path, 0o666);
  chmodSync(folder, 0o1777);
  return path;
}

describe('a FileLock of a file of another user in a sticky folder', () => {
  it.for(['1', '2'])('is had with protected_regular at %s', async (level, { skip }) => {
    const path = makeStickyPath();
    if (!protect(level)) skip('the setting may not be changed here');
    // The kernel does refuse what another program would do.
    expect(() => openSync(path, 'a+')).toThrow('EACCES');
    const lock = await makeLock(path).acquire({ wait: false });
    await expect(makeLock(path).acquire({ wait: false })).rejects.toMatchObject({ code: 'LDLM_FILE_LOCKED' });
    expect(await lock.release()).toBe(true);
  });
});
