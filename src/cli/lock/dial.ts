import { statSync } from 'node:fs';
import { connect } from 'node:net';
import { CommandFailure } from './command-failure.ts';
import { reasonOf } from './lock-target.ts';

/**
 * Sees whether a server answers at a socket, which takes a fraction of a millisecond, before the libraries are loaded
 * that talk to it.
 *
 * @throws CommandFailure with LDLM's text when none does
 */
export function dial(path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect(path, () => {
      socket.destroy();
      resolve();
    });
    socket.once('error', (error) => {
      const text =
        `IPC error: dial unix ${path}: connect: ${isOther(path) ? 'it is not a socket' : reasonOf(error)}. Is the ldlm server running? ` +
        'Do you need to specify the socket file path? See help';
      reject(new CommandFailure(text, { cause: error }));
    });
  });
}

/** Whether something else than a socket is there: the system says of it only that nobody listens. */
function isOther(path: string): boolean {
  try {
    return !statSync(path).isSocket();
  } catch {
    return false;
  }
}
