import type { GrpcStatus } from '../../src/contract/grpc-status.ts';
import type { Origin } from '../../src/core/origin.ts';
import type { Outcome } from '../../src/shard/outcome.ts';
import type { ReplyTarget } from '../../src/shard/reply-target.ts';

interface KeptReply {
  readonly session: number;
  readonly call: number;
  readonly route: number;
  readonly form: number;
  readonly method: number;
  readonly status: GrpcStatus;
  readonly granted: boolean;
  readonly outcome: Outcome;
  readonly headers: Buffer;
  readonly data: Buffer;
  readonly trailers: Buffer;
}

const OFFSET = 7;

/** Keeps copies of replies. Each has exactly the room that was asked for it, and rubbish around it. */
export class KeptReplies implements ReplyTarget {
  bytes: Buffer = Buffer.alloc(0);
  readonly #kept: KeptReply[] = [];

  reserve(bytesMax: number): number {
    this.bytes = Buffer.alloc(OFFSET + bytesMax + OFFSET, 0xee);
    return OFFSET;
  }

  commit(
    { session, call, route, form, method }: Origin,
    status: GrpcStatus,
    granted: boolean,
    outcome: Outcome,
    headersBytes: number,
    dataBytes: number,
    trailersBytes: number,
  ): void {
    const data = OFFSET + headersBytes;
    const trailers = data + dataBytes;
    const end = trailers + trailersBytes;
    if (end !== this.bytes.length - OFFSET) throw new Error('there is more room than reply');
    if (!this.bytes.subarray(end).equals(Buffer.alloc(OFFSET, 0xee))) throw new Error('it is written beyond');
    this.#kept.push({
      ...{ session, call, route, form, method, status, granted, outcome },
      headers: this.bytes.subarray(OFFSET, data),
      data: this.bytes.subarray(data, trailers),
      trailers: this.bytes.subarray(trailers, end),
    });
  }

  /** The replies since the last time. */
  take(): KeptReply[] {
    return this.#kept.splice(0);
  }
}
