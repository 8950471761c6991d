import { resolve } from 'node:path';
import { checkState, type StateReport } from '../journal/check-state.ts';
import { nodeDisk } from '../journal/node-disk.ts';
import { stateIoError } from '../journal/state-error.ts';

/**
 * Reads the state file of a server that does not run, without changing it.
 *
 * @throws StateFileError
 */
export function checkStateFile(stateFile: string): StateReport {
  const path = resolve(stateFile);
  try {
    return checkState(nodeDisk, path);
  } catch (error) {
    throw stateIoError(path, error);
  }
}
