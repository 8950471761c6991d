import type { Socket } from 'node:net';
import { GrpcStatus } from '../contract/grpc-status.ts';
import type { Engine } from '../engine/engine.ts';
import type { GrpcContext } from '../protocol/grpc/grpc-calls.ts';
import { ChunkPool } from '../protocol/http2/output.ts';
import type { ClientConnection } from './client-connection.ts';
import type { ConnectionOwner } from './connection-owner.ts';
import { ConnectionTable } from './connection-table.ts';
import type { FailureLog } from './failure-log.ts';
import { LivenessCheck } from './liveness-check.ts';
import { RoomQueue } from './room-queue.ts';
import { peerAddress, type SessionDirectory } from './session-directory.ts';

export interface ConnectionsOptions {
  readonly grpc: GrpcContext;
  readonly sessions: Pick<SessionDirectory, 'begin' | 'end'>;
  readonly failures: FailureLog;
  readonly nowMs: () => number;
  readonly keepaliveIntervalMs: number;
  readonly keepaliveTimeoutMs: number;
  /** What a session was granted may outlive it. */
  readonly keepsGrants: boolean;
  /** A connection has ended because its peer broke the protocol. */
  readonly peerFailed: () => void;
}

/** All gRPC clients: brings their requests to the engine and its replies back. */
export class Connections implements ConnectionOwner {
  readonly grpc: GrpcContext;
  readonly chunks = new ChunkPool();
  readonly #options: ConnectionsOptions;
  readonly #table = new ConnectionTable();
  readonly #dirty: ClientConnection[] = [];
  readonly #awaitingRoom = new RoomQueue<ClientConnection>();
  readonly #liveness: LivenessCheck<ClientConnection>;
  #engine: Engine | null = null;
  #onEmpty: (() => void) | null = null;
  #draining = false;
  #openSockets = 0;
  #flushScheduled = false;

  constructor(options: ConnectionsOptions) {
    this.#options = options;
    this.grpc = options.grpc;
    const { keepaliveIntervalMs, keepaliveTimeoutMs, nowMs } = options;
    this.#liveness = new LivenessCheck({
      ...{ keepaliveIntervalMs, keepaliveTimeoutMs, nowMs },
      connections: () => this.#table.list(),
      cutOff: (connection, reason) => this.cutOff(connection, reason),
    });
  }

  get engine(): Engine {
    return this.#engine!;
  }

  get size(): number {
    return this.#table.size;
  }

  /** The engine and this need each other; it is set before the first socket comes. */
  attach(engine: Engine): void {
    this.#engine = engine;
  }

  nowMs(): number {
    return this.#options.nowMs();
  }

  /** Takes in a socket that is ready for HTTP/2. */
  accept(socket: Socket): void {
    if (this.#draining || this.#table.isFull) {
      socket.on('error', ignore);
      socket.destroy();
      return;
    }
    this.#openSockets++;
    socket.setNoDelay(true);
    const address = peerAddress(socket.remoteAddress, socket.remotePort);
    this.#table.open(socket, this.#options.sessions.begin('grpc', address), this);
  }

  /** A shard's reply for a call of a connection. See {@link EngineEvents.reply}. */
  reply(
    shard: number,
    route: number,
    call: number,
    session: number,
    status: number,
    granted: boolean,
    bytes: Buffer,
    offset: number,
    headersBytes: number,
    dataBytes: number,
    trailersBytes: number,
  ): void {
    const connection = this.#table.find(route, session);
    if (connection === null) {
      // The session's end, which is behind the request in the shard's ring, releases what it was granted, but for
      // this mode: there a lock that nobody was told of would stay.
      if (granted && status === GrpcStatus.Ok && this.#options.keepsGrants) {
        const data = offset + headersBytes;
        const message = bytes.subarray(data + DATA_PREFIX_BYTES, data + dataBytes);
        this.engine.releaseUndelivered(shard, message);
      }
      return;
    }
    connection.calls.reply(shard, call, granted, bytes, offset, headersBytes, dataBytes, trailersBytes);
    this.markDirty(connection);
  }

  /** All replies of a batch are there: one write per socket. */
  flush(): void {
    const dirty = this.#dirty;
    for (let i = 0; i < dirty.length; i++) dirty[i]!.flush();
    dirty.length = 0;
  }

  markDirty(connection: ClientConnection): void {
    if (connection.dirty) return;
    connection.dirty = true;
    this.#dirty.push(connection);
  }

  flushSoon(connection: ClientConnection): void {
    this.markDirty(connection);
    if (this.#flushScheduled) return;
    this.#flushScheduled = true;
    setImmediate(() => {
      this.#flushScheduled = false;
      this.flush();
    });
  }

  awaitRoom(connection: ClientConnection, shard: number): void {
    this.#awaitingRoom.add(connection, shard);
  }

  /** A shard has room again: everyone who waited for it goes on, in the order in which they came. */
  roomAgain(shard: number): void {
    const waiting = this.#awaitingRoom.take(shard);
    if (waiting === null) return;
    for (const connection of waiting) connection.roomAgain();
    this.flush();
    this.engine.flush();
  }

  denied({ session }: ClientConnection, reason: string): void {
    this.#options.failures.credentialsRefused(session, reason);
  }

  cutOff(connection: ClientConnection, reason: string): void {
    if (!connection.over) this.#options.failures.cutOff(connection.session, reason);
    connection.destroy();
  }

  closed(connection: ClientConnection): void {
    const { session } = connection;
    const { failed, error, reason } = connection.calls.connection;
    if (failed) this.#options.failures.protocolBroken(session, error, reason);
    this.#options.sessions.end(session);
    this.#table.remove(connection);
    if (failed) this.#options.peerFailed();
    this.#awaitingRoom.remove(connection);
  }

  socketClosed(): void {
    this.#openSockets--;
    if (this.#openSockets === 0) this.#onEmpty?.();
  }

  /** Ends all connections in order; resolves when the last socket is closed. New ones are refused. */
  drain(): Promise<void> {
    this.#draining = true;
    const empty = new Promise<void>((resolve) => {
      this.#onEmpty = resolve;
    });
    for (const connection of this.#table.list()) connection.drain();
    if (this.#openSockets === 0) this.#onEmpty?.();
    return empty;
  }

  /** Ends the connections of these sessions, with UNAVAILABLE for their calls in flight. */
  endSessions(sessions: ReadonlySet<number>, text: string): void {
    for (const connection of this.#table.list()) {
      if (!sessions.has(connection.session)) continue;
      connection.calls.failAll(text);
      connection.drain();
    }
  }

  /** Answers every call in flight with UNAVAILABLE and tells all clients to go. */
  failAll(text: string): void {
    this.#draining = true;
    for (const connection of this.#table.list()) {
      connection.calls.failAll(text);
      connection.drain();
    }
  }

  /** Ends whatever is left at once. */
  destroy(): void {
    this.#draining = true;
    this.#liveness.stop();
    for (const connection of this.#table.list()) connection.destroy();
  }
}

/** Frame header and message prefix before the message in a DATA frame. */
const DATA_PREFIX_BYTES = 9 + 5;

function ignore(): void {}
