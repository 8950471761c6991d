import { createServer } from 'node:net';
import { expect, it, onTestFinished } from 'vitest';
import { CommandFailure } from '../../../src/cli/lock/command-failure.ts';
import { dial } from '../../../src/cli/lock/dial.ts';
import { makeScratchFolder } from '../../filelock/scratch-folder.ts';

it('finds whoever listens', async () => {
  const path = `${makeScratchFolder()}/a.sock`;
  const server = createServer((socket) => void socket.on('error', () => {}));
  onTestFinished(() => void server.close());
  await new Promise<void>((resolve) => server.listen(path, resolve));
  await dial(path);
});

it("says in LDLM's words that nobody does", async () => {
  await expect(dial('/no/such.sock')).rejects.toThrow(
    new CommandFailure(
      'IPC error: dial unix /no/such.sock: connect: no such file or directory. Is the ldlm server running? ' +
        'Do you need to specify the socket file path? See help',
    ),
  );
});

it('says of what is no socket that it is none', async () => {
  await expect(dial('/dev/null')).rejects.toThrow(
    new CommandFailure(
      'IPC error: dial unix /dev/null: connect: it is not a socket. Is the ldlm server running? ' +
        'Do you need to specify the socket file path? See help',
    ),
  );
});
