import { getSystemErrorMap } from 'node:util';
import { LdlmServerError } from '../../contract/server-error.ts';

/** The operator's socket cannot be served at its path. The texts are LDLM's, where it has one. */
export class IpcSocketError extends LdlmServerError {
  constructor(reason: string, options?: ErrorOptions) {
    super('LDLM_IPC_SOCKET', `ipc.Run(): ${reason}`, options);
  }
}

/**
 * A server listens there. LDLM also advises to delete the file of a server that is gone: such a file is replaced here, so
 * whoever did that would only take the door of one that runs.
 */
export function socketInUse(path: string): IpcSocketError {
  return new IpcSocketError(
    `file: ${path} exists. IPC socket file already exists. A server listens there: ldlm-lock info -s ${path} says which ` +
      'one. Shut down that instance before starting a new one. Alternatively specify a different IPC socket file by ' +
      '--ipc_socket_file',
  );
}

/** Something else is there, which nobody expects to be deleted by a server. */
export function notASocket(path: string): IpcSocketError {
  return new IpcSocketError(`file: ${path} exists and is not a socket. Specify a different IPC socket file`);
}

export function cannotListen(path: string, cause: unknown): IpcSocketError {
  return cannotListenFor(path, reasonOf(cause), { cause });
}

export function cannotListenFor(path: string, reason: string, options?: ErrorOptions): IpcSocketError {
  return new IpcSocketError(`ipc.Run() net.listen error: listen unix ${path}: bind: ${reason}`, options);
}

/** The system's own words, as Go has them: `no such file or directory`. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const errno = 'errno' in error ? Number(error.errno) : 0;
  return getSystemErrorMap().get(errno)?.[1] ?? error.message;
}
