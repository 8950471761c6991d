import { randomUUID } from 'node:crypto';
import type { ClientConnection } from './client-connection.ts';
import type { Logger } from './logger.ts';

/** Logs the life of sessions under the names and attributes that LDLM uses. Costs nothing when nobody reads it. */
export class SessionLog {
  readonly #logger: Logger;
  readonly #ids = new WeakMap<ClientConnection, { session_id: string; remote_address: string }>();

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  started(connection: ClientConnection): void {
    if (!this.#logger.isLevelEnabled('info')) return;
    const { remoteAddress = '', remotePort = 0 } = connection.socket;
    const host = remoteAddress.includes(':') ? `[${remoteAddress}]` : remoteAddress;
    const attributes = { session_id: randomUUID(), remote_address: `${host}:${remotePort}` };
    this.#ids.set(connection, attributes);
    this.#logger.info(attributes, 'Session started');
  }

  ended(connection: ClientConnection): void {
    const attributes = this.#ids.get(connection);
    if (attributes !== undefined) this.#logger.info(attributes, 'Session ended');
  }
}
