import { readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { describe, expect, it } from 'vitest';
import { LdlmServerError } from '../../src/contract/server-error.ts';
import {
  damagedFile,
  foreignFile,
  laterVersion,
  StateFileError,
  stateInUse,
  stateIoError,
} from '../../src/journal/state-error.ts';

const path = '/var/lib/ldlm/state';

function caught(run: () => unknown): unknown {
  try {
    run();
  } catch (error) {
    return error;
  }
  return expect.fail('nothing was thrown');
}

describe('an error about a state file', () => {
  it.each([
    [foreignFile(path, 7, 'no number'), 'LDLM_STATE_FOREIGN', ['byte 7', 'no number', '--state_file']],
    [laterVersion(path, '3', 1), 'LDLM_STATE_VERSION', ['version 3', 'knows 1']],
    [damagedFile(path, 4096), 'LDLM_STATE_DAMAGED', ['byte 4096', '--state_repair']],
    [stateInUse(path, 4711), 'LDLM_STATE_IN_USE', ['process 4711', '--state_file']],
    [stateInUse(path, undefined), 'LDLM_STATE_IN_USE', ['another process', '--state_file']],
  ])('says in one line what is wrong where, and what to do: %s', (error, code, parts) => {
    expect(error).toBeInstanceOf(StateFileError);
    expect(error).toBeInstanceOf(LdlmServerError);
    expect(error).toMatchObject({ name: 'StateFileError', code });
    for (const part of [path, ...parts]) expect(error.message).toContain(part);
    expect(error.message).not.toContain('\n');
  });
});

describe('what was caught while a state file was in use', () => {
  it('becomes an error about the state when the operating system refused it', () => {
    const cause = caught(() => readFileSync('/nowhere/state.1.0'));
    const error = stateIoError(path, cause);
    expect(error).toBeInstanceOf(StateFileError);
    expect(error).toMatchObject({
      code: 'LDLM_STATE_IO',
      cause,
      message: `cannot use the state file ${path} (open /nowhere/state.1.0: no such file or directory): mend that, or give another path with --state_file`,
    });
  });

  it('is about the state file itself when the system names no other', () => {
    // Reading a folder fails at its descriptor, so the error has no path.
    const error = stateIoError(
      path,
      caught(() => readFileSync(tmpdir())),
    );
    expect(error).toMatchObject({
      code: 'LDLM_STATE_IO',
      message: expect.stringContaining(`(read ${path}: illegal operation on a directory)`),
    });
  });

  it('stays what it is otherwise', () => {
    const errors = [damagedFile(path, 1), new TypeError('a mistake'), 'no error at all'];
    expect(errors.map((error) => stateIoError('/other', error))).toStrictEqual(errors);
    // It has a code, but no system call.
    const mistake = caught(() => writeFileSync(path, { encoding: 'nonsense' } as never));
    expect(mistake).toHaveProperty('code');
    expect(stateIoError(path, mistake)).toBe(mistake);
  });
});
