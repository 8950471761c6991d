import type { GrpcStatus } from '../contract/grpc-status.ts';
import { Origin } from '../core/origin.ts';
import { CallEnd } from '../core/sink.ts';
import type { DebugAttributes } from './debug-lines.ts';
import { Outcome } from './outcome.ts';
import { ReplyEncoder } from './reply-encoder.ts';
import type { ReplyKind } from './reply-record.ts';
import type { ShardReplies } from './reply-target.ts';

/** What has to succeed before anybody may be told anything. */
export interface PublishGate {
  /** Returns false when what was decided since the last call could not be kept, and was undone. */
  commit(): boolean;
}

const FIRST_BYTES = 256 * 1024;
const STAGED_KEPT_MAX = 4096;

/** A reply that waits for its batch. */
class StagedReply {
  readonly origin = new Origin();
  status: GrpcStatus = 0;
  granted = false;
  outcome: Outcome = Outcome.Ok;
  start = 0;
  headersBytes = 0;
  dataBytes = 0;
  trailersBytes = 0;
}

/**
 * Holds the replies of a turn back until what they say is in the journal: **acknowledged means logged**. The replies
 * wait here and not in the reply ring, because a full ring makes its writer publish what it has.
 */
export class StagedReplies implements ShardReplies {
  bytes: Buffer = Buffer.allocUnsafeSlow(FIRST_BYTES);
  readonly #target: ShardReplies;
  readonly #encoder: ReplyEncoder;
  #gate: PublishGate | null = null;
  readonly #staged: StagedReply[] = [];
  readonly #signals: ReplyKind[] = [];
  #count = 0;
  #end = 0;

  constructor(target: ShardReplies) {
    this.#target = target;
    this.#encoder = new ReplyEncoder(target);
  }

  /** The gate and this need each other by way of the core; it is set before the first turn. */
  attach(gate: PublishGate): void {
    this.#gate = gate;
  }

  get stalls(): number {
    return this.#target.stalls;
  }

  get isCrowded(): boolean {
    return this.#target.isCrowded;
  }

  /** Called when what a turn has decided was undone. */
  onRefused: () => void = () => {};

  reserve(bytesMax: number): number {
    const end = this.#end + bytesMax;
    if (end > this.bytes.length) {
      const larger = Buffer.allocUnsafeSlow(Math.max(end, 2 * this.bytes.length));
      this.bytes.copy(larger, 0, 0, this.#end);
      this.bytes = larger;
    }
    return this.#end;
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
    if (this.#count === this.#staged.length) this.#staged.push(new StagedReply());
    const reply = this.#staged[this.#count++]!;
    reply.origin.session = origin.session;
    reply.origin.route = origin.route;
    reply.origin.call = origin.call;
    reply.origin.form = origin.form;
    reply.origin.method = origin.method;
    reply.status = status;
    reply.granted = granted;
    reply.outcome = outcome;
    reply.start = this.#end;
    reply.headersBytes = headersBytes;
    reply.dataBytes = dataBytes;
    reply.trailersBytes = trailersBytes;
    this.#end += headersBytes + dataBytes + trailersBytes;
  }

  /** Keeps its place behind the replies: that granting has stopped is true when all waiters have theirs. */
  signal(kind: ReplyKind): void {
    this.#signals.push(kind);
  }

  /** Goes past the replies: what it says does not depend on the journal. */
  debug(session: number, message: string, attributes: DebugAttributes): void {
    this.#target.debug(session, message, attributes);
  }

  notice(message: string, attributes: DebugAttributes, session?: number): void {
    this.#target.notice(message, attributes, session);
  }

  publish(): void {
    if (this.#gate!.commit()) this.#release();
    else this.#refuse();
    for (const kind of this.#signals) this.#target.signal(kind);
    this.#signals.length = 0;
    this.#count = 0;
    this.#end = 0;
    if (this.#staged.length > STAGED_KEPT_MAX) this.#staged.length = STAGED_KEPT_MAX;
    if (this.bytes.length > FIRST_BYTES) this.bytes = Buffer.allocUnsafeSlow(FIRST_BYTES);
    this.#target.publish();
  }

  #release(): void {
    const target = this.#target;
    for (let i = 0; i < this.#count; i++) {
      const reply = this.#staged[i]!;
      const { origin, status, granted, outcome, start, headersBytes, dataBytes, trailersBytes } = reply;
      const length = headersBytes + dataBytes + trailersBytes;
      const position = target.reserve(length);
      this.bytes.copy(target.bytes, position, start, start + length);
      target.commit(origin, status, granted, outcome, headersBytes, dataBytes, trailersBytes);
    }
  }

  #refuse(): void {
    this.onRefused();
    for (let i = 0; i < this.#count; i++) this.#encoder.ended(this.#staged[i]!.origin, CallEnd.Suspended);
  }
}
