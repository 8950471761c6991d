import type { Method } from '../../contract/method.ts';

/**
 * Where the calls of `ldlm.LDLM` go, seen from the protocol: the engine, bound to the session of one connection.
 * The reply to `submit` comes back by way of `GrpcCalls.reply`.
 */
export interface LdlmBackend {
  /**
   * Hands over a request. Returns the shard that has it (0 or more), or -1 when there is no room for it now: then
   * nothing was taken, and the backend calls `GrpcCalls.retry` when there is.
   */
  submit(
    method: Method,
    streamId: number,
    deadlineMs: number,
    bytes: Buffer,
    start: number,
    end: number,
  ): number;
  /** The caller of a request that was submitted to `shard` is gone. Its reply may still come. */
  cancel(shard: number, streamId: number): void;
  /** The caller of a request has given up a reply that had gone out already; it may have been a grant, by any shard. */
  cancelLate(streamId: number): void;
  /** `shard` granted a lock to a call that is gone: `message` is the LockResponse that could not be delivered. */
  releaseUndelivered(shard: number, message: Buffer): void;
  /** A call was refused for its credentials, with this text. Called once for equal header blocks. */
  denied(reason: string): void;
  /** A service has put something out, perhaps at a time when nothing was read: it has to be brought to the socket. */
  wrote(): void;
  /** Bytes of output that the peer's socket has not taken yet. */
  readonly unwrittenBytes: number;
}
