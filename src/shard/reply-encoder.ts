import { GrpcStatus } from '../contract/grpc-status.ts';
import type { Refusal } from '../contract/refusal.ts';
import type { LockKey } from '../core/lock-key.ts';
import type { Origin } from '../core/origin.ts';
import { ReplyForm } from '../core/reply-form.ts';
import { CallEnd, type FencingToken } from '../core/sink.ts';
import {
  endingHeadersFrame,
  REPLY_HEADERS_BYTES,
  REPLY_TRAILERS_BYTES,
  trailersOnlyBlock,
  unaryReplyBytes,
  writeEndingFrame,
  writeReplyPrefix,
  writeReplyTrailers,
} from '../protocol/grpc/reply-frames.ts';
import {
  encodeLockGranted,
  encodeLockRefused,
  encodeRenewReply,
  encodeUnlockReply,
  sizeOfLockGranted,
  sizeOfLockRefused,
  sizeOfRenewReply,
  sizeOfUnlockReply,
} from '../protocol/protobuf/encode-reply.ts';
import type { Span } from '../protocol/protobuf/span.ts';
import { CALL_END_TEXTS } from './call-end-text.ts';
import { Outcome, outcomeOf } from './outcome.ts';
import type { Replies } from './replies.ts';
import type { ReplyTarget } from './reply-target.ts';

/** A gRPC status that a shard answers with, ready for any stream. */
class StatusReply {
  readonly status: GrpcStatus;
  readonly outcome: Outcome;
  readonly frame: Uint8Array;
  readonly text: Uint8Array;

  constructor(status: GrpcStatus, outcome: Outcome, text: string) {
    this.status = status;
    this.outcome = outcome;
    this.frame = endingHeadersFrame(trailersOnlyBlock(status, text));
    this.text = Buffer.from(text);
  }
}

const NOTHING = new Uint8Array(0);

const StatusReplies = {
  deadline: new StatusReply(GrpcStatus.DeadlineExceeded, Outcome.Deadline, CALL_END_TEXTS[CallEnd.Deadline]),
  stopping: new StatusReply(GrpcStatus.Unavailable, Outcome.Unavailable, CALL_END_TEXTS[CallEnd.Stopping]),
  suspended: new StatusReply(GrpcStatus.Unavailable, Outcome.Unavailable, CALL_END_TEXTS[CallEnd.Suspended]),
  unreachable: new StatusReply(
    GrpcStatus.Unavailable,
    Outcome.Unavailable,
    CALL_END_TEXTS[CallEnd.Unreachable],
  ),
  elsewhere: new StatusReply(GrpcStatus.Unavailable, Outcome.Unavailable, CALL_END_TEXTS[CallEnd.Elsewhere]),
  unconfirmed: new StatusReply(
    GrpcStatus.Unavailable,
    Outcome.Unavailable,
    CALL_END_TEXTS[CallEnd.Unconfirmed],
  ),
  pending: new StatusReply(GrpcStatus.Unavailable, Outcome.Unavailable, CALL_END_TEXTS[CallEnd.Pending]),
  failed: new StatusReply(GrpcStatus.Internal, Outcome.Unavailable, CALL_END_TEXTS[CallEnd.Failed]),
  superseded: new StatusReply(GrpcStatus.Aborted, Outcome.Superseded, CALL_END_TEXTS[CallEnd.Superseded]),
  malformed: new StatusReply(
    GrpcStatus.Internal,
    Outcome.Malformed,
    'grpc: error unmarshalling request: proto: cannot parse invalid wire-format data',
  ),
  invalidUtf8: new StatusReply(
    GrpcStatus.Internal,
    Outcome.Malformed,
    'grpc: error unmarshalling request: string field contains invalid UTF-8',
  ),
};

const END_REPLIES: Readonly<Record<CallEnd, StatusReply>> = {
  [CallEnd.Deadline]: StatusReplies.deadline,
  [CallEnd.Stopping]: StatusReplies.stopping,
  [CallEnd.Superseded]: StatusReplies.superseded,
  [CallEnd.Suspended]: StatusReplies.suspended,
  [CallEnd.Unreachable]: StatusReplies.unreachable,
  [CallEnd.Elsewhere]: StatusReplies.elsewhere,
  [CallEnd.Failed]: StatusReplies.failed,
  [CallEnd.Unconfirmed]: StatusReplies.unconfirmed,
  [CallEnd.Pending]: StatusReplies.pending,
};

/** What those know who can answer for their locks for a time only. */
export interface Certainty {
  /** For how long from now on nobody else has what is held, in whole milliseconds from 1 on; null: there is no such limit. */
  readonly certainMs: number | null;
}

/**
 * Turns outcomes into replies, in the form that the call asked for: finished HTTP/2 frames, so that the main thread
 * only copies them, or the bare protobuf message, or the text of a status without one.
 */
export class ReplyEncoder implements Replies {
  readonly #target: ReplyTarget;
  readonly #certainty: Certainty | null;

  /** @param certainty null: a lock is held for as long as its timeout says */
  constructor(target: ReplyTarget, certainty: Certainty | null = null) {
    this.#target = target;
    this.#certainty = certainty;
  }

  granted(origin: Origin, name: string, key: LockKey, token: FencingToken): void {
    const certainMs = this.#certainMs();
    const messageBytes = sizeOfLockGranted(name, token, certainMs);
    const message = this.#begin(origin, messageBytes);
    encodeLockGranted(this.#target.bytes, message, name, key, token, certainMs);
    this.#end(origin, true, Outcome.Ok, message, messageBytes);
  }

  notLocked(origin: Origin, name: string, refusal: Refusal | null): void {
    const messageBytes = sizeOfLockRefused(name, refusal);
    const message = this.#begin(origin, messageBytes);
    encodeLockRefused(this.#target.bytes, message, name, refusal);
    this.#end(origin, false, outcomeOf(refusal, Outcome.Held), message, messageBytes);
  }

  ended(origin: Origin, end: CallEnd): void {
    this.#status(origin, END_REPLIES[end]);
  }

  unlocked(origin: Origin, name: string, refusal: Refusal | null): void {
    const messageBytes = sizeOfUnlockReply(name, refusal);
    const message = this.#begin(origin, messageBytes);
    encodeUnlockReply(this.#target.bytes, message, name, refusal);
    this.#end(origin, false, outcomeOf(refusal, Outcome.Ok), message, messageBytes);
  }

  renewed(origin: Origin, name: string, bytes: Uint8Array, key: Span, refusal: Refusal | null): void {
    const certainMs = this.#certainMs();
    const messageBytes = sizeOfRenewReply(name, key, refusal, certainMs);
    const message = this.#begin(origin, messageBytes);
    encodeRenewReply(this.#target.bytes, message, name, bytes, key, refusal, certainMs);
    this.#end(origin, false, outcomeOf(refusal, Outcome.Ok), message, messageBytes);
  }

  malformed(origin: Origin): void {
    this.#status(origin, StatusReplies.malformed);
  }

  invalidUtf8(origin: Origin): void {
    this.#status(origin, StatusReplies.invalidUtf8);
  }

  deadlineExceeded(origin: Origin): void {
    this.#status(origin, StatusReplies.deadline);
  }

  /** 0: nothing is said. */
  #certainMs(): number {
    return this.#certainty === null ? 0 : (this.#certainty.certainMs ?? 0);
  }

  /** Makes room for a message and what stands around it, and returns where the message goes. */
  #begin(origin: Origin, messageBytes: number): number {
    if (origin.form !== ReplyForm.GrpcFrames) return this.#target.reserve(messageBytes);
    const position = this.#target.reserve(unaryReplyBytes(messageBytes));
    return writeReplyPrefix(this.#target.bytes, position, origin.call, messageBytes);
  }

  #end(origin: Origin, granted: boolean, outcome: Outcome, message: number, messageBytes: number): void {
    if (origin.form !== ReplyForm.GrpcFrames) {
      this.#target.commit(origin, GrpcStatus.Ok, granted, outcome, 0, messageBytes, 0);
      return;
    }
    writeReplyTrailers(this.#target.bytes, message + messageBytes, origin.call);
    const dataBytes = unaryReplyBytes(messageBytes) - REPLY_HEADERS_BYTES - REPLY_TRAILERS_BYTES;
    this.#target.commit(
      origin,
      GrpcStatus.Ok,
      granted,
      outcome,
      REPLY_HEADERS_BYTES,
      dataBytes,
      REPLY_TRAILERS_BYTES,
    );
  }

  #status(origin: Origin, reply: StatusReply): void {
    if (origin.form !== ReplyForm.GrpcFrames) {
      // Who inspects goes by the status.
      const text = origin.form === ReplyForm.Protobuf ? reply.text : NOTHING;
      const position = this.#target.reserve(text.length);
      this.#target.bytes.set(text, position);
      this.#target.commit(origin, reply.status, false, reply.outcome, 0, text.length, 0);
      return;
    }
    const position = this.#target.reserve(reply.frame.length);
    writeEndingFrame(this.#target.bytes, position, reply.frame, origin.call);
    this.#target.commit(origin, reply.status, false, reply.outcome, 0, 0, reply.frame.length);
  }
}
