import { resolve } from 'node:path';
import { findFileHolder } from '../filelock/exclusive-file.ts';
import { checkState, type StateReport } from '../journal/check-state.ts';
import { readOnlyDisk } from '../journal/node-disk.ts';
import { stateIoError } from '../journal/state-error.ts';

/**
 * Reads a state file without changing it. Whether a server is using it is said first: what is found then may be written
 * half, or by now otherwise.
 *
 * @throws StateFileError
 */
export async function checkStateFile(stateFile: string): Promise<StateReport> {
  const path = resolve(stateFile);
  const use = await describeUse(path);
  try {
    const { isSound, lines } = checkState(readOnlyDisk, path);
    return { isSound, lines: use === null ? lines : [use, ...lines] };
  } catch (error) {
    throw stateIoError(path, error);
  }
}

/** A line on who uses the state, null when nobody does. */
async function describeUse(path: string): Promise<string | null> {
  try {
    const holder = await findFileHolder(`${path}.lock`);
    if (holder === null) return null;
    const who = holder.pid === undefined ? 'another process' : `process ${holder.pid}`;
    return `${path}: in use by ${who}: what follows may be written half`;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return `${path}: cannot find out whether a server uses it: ${reason}`;
  }
}
