import type { GrpcStatus } from '../contract/grpc-status.ts';
import type { Origin } from '../core/origin.ts';
import type { DebugLines, Notices } from './debug-lines.ts';
import type { Outcome } from './outcome.ts';
import type { ReplyKind } from './reply-record.ts';

/** Where encoded replies go. */
export interface ReplyTarget {
  /** Where `reserve` points into. */
  readonly bytes: Buffer;
  /** Makes room for a reply of up to `bytesMax` bytes and returns its offset in `bytes`. May block until there is room. */
  reserve(bytesMax: number): number;
  /**
   * Ends the reply that was written at the reserved place. The three lengths add up to what was written. `outcome` is
   * counted for the origin's method when the reply is sure to be sent.
   */
  commit(
    origin: Origin,
    status: GrpcStatus,
    granted: boolean,
    outcome: Outcome,
    headersBytes: number,
    dataBytes: number,
    trailersBytes: number,
  ): void;
}

/** Where everything goes that a shard tells the main thread: its reply ring, or the callbacks of the inline engine. */
export interface ShardReplies extends ReplyTarget, DebugLines, Notices {
  /** True while replies may soon need the room that is left: what can be left out should be. */
  readonly isCrowded: boolean;
  /** How often there was no room. */
  readonly stalls: number;
  /** Sends a record without a reply in it. */
  signal(kind: ReplyKind): void;
  /** Makes what was committed visible, if anything was, and wakes the main thread if it sleeps. */
  publish(): void;
}
