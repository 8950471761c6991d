import type { GrpcStatus } from '../contract/grpc-status.ts';
import type { Origin } from '../core/origin.ts';

/** Where encoded replies go: the reply ring of a shard, or a callback of the inline engine. */
export interface ReplyTarget {
  /** Where `reserve` points into. */
  readonly bytes: Buffer;
  /** Makes room for a reply of up to `bytesMax` bytes and returns its offset in `bytes`. May block until there is room. */
  reserve(bytesMax: number): number;
  /** Ends the reply that was written at the reserved place. The three lengths add up to what was written. */
  commit(
    origin: Origin,
    status: GrpcStatus,
    granted: boolean,
    headersBytes: number,
    dataBytes: number,
    trailersBytes: number,
  ): void;
}
