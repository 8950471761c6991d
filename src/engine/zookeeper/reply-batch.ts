import { Limits } from '../../base/limits.ts';
import type { GrpcStatus } from '../../contract/grpc-status.ts';
import type { Method } from '../../contract/method.ts';
import type { Origin } from '../../core/origin.ts';
import type { ReplyForm } from '../../core/reply-form.ts';
import type { Outcome } from '../../shard/outcome.ts';
import type { ReplyTarget } from '../../shard/reply-target.ts';
import type { EngineEvents } from '../engine.ts';

const BYTES_MIN = 64 * 1024;

/** A reply in the buffer, and whose it is. */
interface BatchedReply {
  readonly route: number;
  readonly call: number;
  readonly session: number;
  readonly form: ReplyForm;
  readonly status: GrpcStatus;
  readonly granted: boolean;
  readonly offset: number;
  readonly headersBytes: number;
  readonly dataBytes: number;
  readonly trailersBytes: number;
}

/**
 * Keeps replies until they are handed over together: none comes while its request is being submitted, whose caller does not wait
 * for it yet, and all that ZooKeeper has answered at once goes to the sockets in one write each.
 */
export class ReplyBatch implements ReplyTarget {
  bytes: Buffer = Buffer.allocUnsafe(BYTES_MIN);
  readonly #counted: (method: Method, outcome: Outcome) => void;
  #replies: BatchedReply[] = [];
  #length = 0;

  /** @param counted is told of each reply */
  constructor(counted: (method: Method, outcome: Outcome) => void) {
    this.#counted = counted;
  }

  reserve(bytesMax: number): number {
    const needed = this.#length + bytesMax;
    if (needed > this.bytes.length) {
      const larger = Buffer.allocUnsafe(Math.max(needed, 2 * this.bytes.length));
      this.bytes.copy(larger, 0, 0, this.#length);
      this.bytes = larger;
    }
    return this.#length;
  }

  commit(
    { route, call, session, form, method }: Origin,
    status: GrpcStatus,
    granted: boolean,
    outcome: Outcome,
    headersBytes: number,
    dataBytes: number,
    trailersBytes: number,
  ): void {
    const place = { offset: this.#length, headersBytes, dataBytes, trailersBytes };
    this.#replies.push({ route, call, session, form: form as ReplyForm, status, granted, ...place });
    this.#length += headersBytes + dataBytes + trailersBytes;
    this.#counted(method as Method, outcome);
  }

  /** Hands over what there is. Whoever takes a reply may cause others, which are of the next batch. */
  deliver(events: Pick<EngineEvents, 'reply' | 'drained'>): void {
    const { bytes } = this;
    const replies = this.#replies;
    if (replies.length === 0) return;
    this.#replies = [];
    this.#length = 0;
    this.bytes = Buffer.allocUnsafe(BYTES_MIN);
    for (const reply of replies) {
      const { route, call, session, form, status, granted } = reply;
      const { offset, headersBytes, dataBytes, trailersBytes } = reply;
      events.reply(
        ...([0, route, call, session, form, status, granted] as const),
        ...([bytes, offset, headersBytes, dataBytes, trailersBytes] as const),
      );
    }
    // It is used again, unless what it has caused meanwhile needs a buffer.
    if (this.#length === 0 && bytes.length <= Limits.zookeeperRepliesBytesKept) this.bytes = bytes;
    events.drained();
  }
}
