import { randomUUID } from 'node:crypto';
import type { DebugAttributes } from '../shard/debug-lines.ts';
import type { ClientConnection } from './client-connection.ts';
import type { Logger } from './logger.ts';

interface SessionAttributes {
  readonly session_id: string;
  readonly remote_address: string;
}

/** A shard tells what it has cleared away after a session has ended; that many ended sessions are still known. */
const ENDED_SESSIONS_MAX = 1024;

/**
 * Logs the life of sessions under the names and attributes that LDLM uses, and at debug level what shards tell of
 * their requests. Costs nothing when nobody reads it.
 */
export class SessionLog {
  readonly #logger: Logger;
  readonly #sessions = new Map<number, SessionAttributes>();
  readonly #ended: number[] = [];

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  started(connection: ClientConnection): void {
    if (!this.#logger.isLevelEnabled('info')) return;
    const { remoteAddress = '', remotePort = 0 } = connection.socket;
    const host = remoteAddress.includes(':') ? `[${remoteAddress}]` : remoteAddress;
    const attributes = { session_id: randomUUID(), remote_address: `${host}:${remotePort}` };
    this.#sessions.set(connection.session, attributes);
    this.#logger.info(attributes, 'Session started');
  }

  ended(connection: ClientConnection): void {
    const attributes = this.#sessions.get(connection.session);
    if (attributes === undefined) return;
    this.#logger.info(attributes, 'Session ended');
    this.#ended.push(connection.session);
    if (this.#ended.length > ENDED_SESSIONS_MAX) this.#sessions.delete(this.#ended.shift()!);
  }

  /** A shard's line; the session's attributes, when known, stand before its own. */
  debug(session: number, message: string, attributes: DebugAttributes): void {
    this.#logger.debug({ ...this.#sessions.get(session), ...attributes }, message);
  }
}
