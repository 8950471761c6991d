import { MetricBlock } from '../base/metric-words.ts';
import type { GrpcStatus } from '../contract/grpc-status.ts';
import type { Origin } from '../core/origin.ts';
import type { BellRope } from '../ring/bell.ts';
import type { RingWriter } from '../ring/ring-writer.ts';
import type { DebugAttributes } from './debug-lines.ts';
import { type Outcome, outcomeIndex } from './outcome.ts';
import { REPLY_GRANTED, ReplyField, ReplyKind } from './reply-record.ts';
import type { ShardReplies } from './reply-target.ts';

/** How long to sleep at a time while the reply ring is full. The main thread wakes us; this bounds a mistake. */
const ROOM_WAIT_MS = 100;

/** Writes replies into a shard's reply ring. */
export class RingReplyTarget implements ShardReplies {
  readonly bytes: Buffer;
  stalls = 0;
  readonly #ring: RingWriter;
  readonly #bell: BellRope;
  readonly #counts: Float64Array;
  #payload = 0;
  #published = true;

  /** @param counts where replies are counted, see `outcomeIndex` */
  constructor(
    ring: RingWriter,
    bell: BellRope,
    counts: Float64Array = new Float64Array(MetricBlock.Replies.length),
  ) {
    this.#counts = counts;
    this.#ring = ring;
    this.#bell = bell;
    this.bytes = ring.bytes;
  }

  get isCrowded(): boolean {
    return this.#ring.isHalfFull();
  }

  reserve(bytesMax: number): number {
    this.#payload = this.#ring.reserve(ReplyField.Body + bytesMax);
    if (this.#payload < 0) this.#awaitRoom(ReplyField.Body + bytesMax);
    return this.#payload + ReplyField.Body;
  }

  commit(
    origin: Origin,
    status: GrpcStatus,
    granted: boolean,
    outcome: Outcome,
    headersBytes: number,
    dataBytes: number,
    trailersBytes: number,
  ): void {
    const word = this.#payload >> 2;
    const { words } = this.#ring;
    words[word] = (granted ? REPLY_GRANTED : 0) | (origin.form << 8) | (status << 16);
    words[word + 1] = origin.route;
    words[word + 2] = origin.call;
    words[word + 3] = headersBytes | (trailersBytes << 16);
    this.#ring.floats[(this.#payload + ReplyField.Session) >> 3] = origin.session;
    this.#counts[outcomeIndex(origin.method, outcome)]!++;
    this.#ring.commit(ReplyKind.Reply, ReplyField.Body + headersBytes + dataBytes + trailersBytes);
    this.#published = false;
  }

  signal(kind: ReplyKind): void {
    this.reserve(0);
    this.#ring.commit(kind, ReplyField.Body);
    this.#published = false;
  }

  debug(session: number, message: string, attributes: DebugAttributes): void {
    this.#line(ReplyKind.DebugLine, session, message, attributes);
  }

  notice(message: string, attributes: DebugAttributes, session = 0): void {
    this.#line(ReplyKind.Notice, session, message, attributes);
  }

  /** The shard cannot go on: this is the last that it says. */
  failed(code: string, message: string): void {
    this.#line(ReplyKind.Failed, 0, message, { code });
  }

  publish(): void {
    if (this.#published) return;
    this.#published = true;
    this.#ring.publish();
    this.#bell.ring();
  }

  #line(kind: ReplyKind, session: number, message: string, attributes: DebugAttributes): void {
    const line = Buffer.from(JSON.stringify([message, attributes]));
    const body = this.reserve(line.length);
    line.copy(this.bytes, body);
    this.#ring.floats[(this.#payload + ReplyField.Session) >> 3] = session;
    this.#ring.commit(kind, ReplyField.Body + line.length);
    this.#published = false;
  }

  /**
   * The main thread always drains its reply rings, whatever else it waits for, so this ends. It drains only what
   * it can see: everything committed is published first.
   */
  #awaitRoom(payloadBytes: number): void {
    this.stalls++;
    while (this.#payload < 0) {
      this.publish();
      this.#ring.sleepForRoom(ROOM_WAIT_MS);
      this.#payload = this.#ring.reserve(payloadBytes);
    }
  }
}
