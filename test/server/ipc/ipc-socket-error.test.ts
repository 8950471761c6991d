import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { LdlmServerError } from '../../../src/contract/server-error.ts';
import {
  cannotListen,
  cannotListenFor,
  IpcSocketError,
  notASocket,
  socketInUse,
} from '../../../src/server/ipc/ipc-socket-error.ts';

const PATH = '/run/ldlm.sock';

describe('an operator’s socket that cannot be served', () => {
  it('is an error of the server with a code, and says what LDLM says first', () => {
    const error = new IpcSocketError('of no use');
    expect(error).toBeInstanceOf(LdlmServerError);
    expect(error).toMatchObject({ code: 'LDLM_IPC_SOCKET', message: 'ipc.Run(): of no use' });
  });

  it('says who has it and what to do, but not to delete the file of a server that runs', () => {
    const { message, code } = socketInUse(PATH);
    expect(code).toBe('LDLM_IPC_SOCKET');
    expect(message).toMatch(
      /^ipc\.Run\(\): file: \/run\/ldlm\.sock exists\. IPC socket file already exists\. /,
    );
    expect(message).toContain(`ldlm-lock info -s ${PATH} says which one`);
    expect(message).toMatch(/different IPC socket file by --ipc_socket_file$/);
    expect(message).not.toMatch(/delete|remove/);
  });

  it('says that something else is there', () => {
    expect(notASocket(PATH).message).toBe(
      `ipc.Run(): file: ${PATH} exists and is not a socket. Specify a different IPC socket file`,
    );
  });

  it('gives the reason of the system in its own words, and keeps the error', () => {
    let cause: unknown = null;
    try {
      readFileSync('/no/such/folder/file');
    } catch (error) {
      cause = error;
    }
    const error = cannotListen(PATH, cause);
    expect(error).toMatchObject({ code: 'LDLM_IPC_SOCKET', cause });
    expect(error.message).toBe(
      `ipc.Run(): ipc.Run() net.listen error: listen unix ${PATH}: bind: no such file or directory`,
    );
  });

  it.each([
    [new Error('something odd'), 'something odd'],
    [Object.assign(new Error('a number that is none'), { errno: -99_999 }), 'a number that is none'],
    ['a text', 'a text'],
  ])('gives what there is where the system has no words: %s', (cause, reason) => {
    expect(cannotListen(PATH, cause).message).toMatch(new RegExp(`: bind: ${reason}$`));
  });

  it('has no cause where none is given', () => {
    const error = cannotListenFor(PATH, 'it is locked');
    expect(error.message).toMatch(/: bind: it is locked$/);
    expect(error).not.toHaveProperty('cause');
  });
});
