import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { resolve } from 'node:path';
import { Limits } from '../../base/limits.ts';
import { LdlmServerError } from '../../contract/server-error.ts';
import { cannotListen } from './ipc-socket-error.ts';
import { SocketFile } from './socket-file.ts';

/** Where the listener tells what it meets. */
export interface IpcListenerEvents {
  accept(socket: Socket): void;
  /** Accepting failed, though listening goes on. */
  failed(error: Error): void;
}

/**
 * The operator's door: a unix-domain socket that its owner alone can open, so whoever comes in needs no password. It
 * has a limit of connections of its own, because it is needed most when clients have used up theirs.
 */
export class IpcListener {
  readonly #server: Server;
  readonly #file: SocketFile;
  readonly #onExit = (): void => this.#file.remove();

  private constructor(server: Server, file: SocketFile) {
    this.#server = server;
    this.#file = file;
    // Also when the process ends in no order: a second signal, an exception.
    process.once('exit', this.#onExit);
  }

  /** @throws IpcSocketError when another server has the path, or it cannot be used. */
  static async open(path: string, events: IpcListenerEvents): Promise<IpcListener> {
    const server = createServer(events.accept);
    server.maxConnections = Limits.ipcConnectionsMax;
    try {
      const file = await SocketFile.place(resolve(path), async (privatePath) => {
        server.listen(privatePath);
        await once(server, 'listening');
      });
      server.on('error', (error: Error) => events.failed(error));
      return new IpcListener(server, file);
    } catch (error) {
      server.close();
      throw error instanceof LdlmServerError ? error : cannotListen(path, error);
    }
  }

  /** Accepts nothing more. The file goes first: one that is left without its listener is taken for a dead server's. */
  close(): void {
    process.removeListener('exit', this.#onExit);
    this.#file.remove();
    this.#server.close();
  }
}
