import type { Engine } from '../engine/engine.ts';
import type { GrpcContext } from '../protocol/grpc/grpc-calls.ts';
import type { ChunkPool } from '../protocol/http2/output.ts';
import type { ClientConnection } from './client-connection.ts';

/** What a connection needs of the server. */
export interface ConnectionOwner {
  readonly engine: Engine;
  readonly grpc: GrpcContext;
  readonly chunks: ChunkPool;
  nowMs(): number;
  /** The connection has output and is to be flushed when the batch is done. */
  markDirty(connection: ClientConnection): void;
  /** The connection has output that no batch will bring along. */
  flushSoon(connection: ClientConnection): void;
  /** A call of the connection was refused for its credentials. */
  denied(connection: ClientConnection, reason: string): void;
  /** The connection is to be ended at once, by its peer's fault. */
  cutOff(connection: ClientConnection, reason: string): void;
  /** The connection found no room in this shard's ring and is to be told when there is. */
  awaitRoom(connection: ClientConnection, shard: number): void;
  /** The session has ended; called once. What was said last may still be on its way out. */
  closed(connection: ClientConnection): void;
  /** The socket is closed; called once. */
  socketClosed(): void;
}
