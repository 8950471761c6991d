import { readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { describe, expect, it } from 'vitest';
import { describeFileError } from '../../src/config/file-error.ts';

function readError(path: string): string {
  try {
    readFileSync(path);
    return 'read';
  } catch (error) {
    return describeFileError(error, path);
  }
}

describe('describeFileError', () => {
  it.each([
    ['/nowhere/x', 'open /nowhere/x: no such file or directory'],
    ['', 'open : no such file or directory'],
    ['/dev/null/x', 'open /dev/null/x: not a directory'],
    [tmpdir(), `read ${tmpdir()}: is a directory`],
  ])('says of %j what Go says', (path, text) => {
    expect(readError(path)).toBe(text);
  });

  it('keeps the message of other errors', () => {
    expect(describeFileError(new Error('odd'), 'x')).toBe('odd');
  });
});
