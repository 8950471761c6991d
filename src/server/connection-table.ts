import type { Socket } from 'node:net';
import { Limits } from '../base/limits.ts';
import { ClientConnection } from './client-connection.ts';
import type { ConnectionOwner } from './connection-owner.ts';

/**
 * The open connections by slot. A record of a reply names the slot and the session; a slot is used again, a session
 * never, so a reply that comes too late is recognised by its session.
 */
export class ConnectionTable {
  readonly #slots: (ClientConnection | null)[] = [];
  readonly #free: number[] = [];
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get isFull(): boolean {
    return this.#size >= Limits.connectionsMax;
  }

  /** Takes a socket in under a session's number. There must be room. */
  open(socket: Socket, session: number, owner: ConnectionOwner): ClientConnection {
    const slot = this.#free.pop() ?? this.#slots.length;
    const connection = new ClientConnection(socket, slot, session, owner);
    this.#slots[slot] = connection;
    this.#size++;
    return connection;
  }

  /** The connection of this session, if it still is the one in this slot. */
  find(slot: number, session: number): ClientConnection | null {
    const connection = this.#slots[slot];
    return connection !== undefined && connection !== null && connection.session === session
      ? connection
      : null;
  }

  remove(connection: ClientConnection): void {
    if (this.#slots[connection.slot] !== connection) return;
    this.#slots[connection.slot] = null;
    this.#free.push(connection.slot);
    this.#size--;
  }

  /** The open connections. A copy: the caller may close them while it walks. */
  list(): ClientConnection[] {
    const connections: ClientConnection[] = [];
    for (const connection of this.#slots) if (connection !== null) connections.push(connection);
    return connections;
  }
}
