import { Limits } from '../base/limits.ts';
import type { GrpcStatus } from '../contract/grpc-status.ts';
import type { Origin } from '../core/origin.ts';
import type { ReplyForm } from '../core/reply-form.ts';
import type { DebugAttributes } from '../shard/debug-lines.ts';
import type { Outcome } from '../shard/outcome.ts';
import { ReplyKind } from '../shard/reply-record.ts';
import type { ShardReplies } from '../shard/reply-target.ts';
import type { EngineEvents } from './engine.ts';

/** Hands the replies of a shard on this thread straight to the engine's events, one at a time. */
export class CallbackReplies implements ShardReplies {
  /** No reply is longer than the longest request, whose name and key it repeats. */
  readonly bytes: Buffer = Buffer.alloc(2 * Limits.recordBodyBytesMax);
  readonly stalls = 0;
  readonly isCrowded = false;
  readonly #events: EngineEvents;
  #count = 0;
  #grantingStopped = false;

  constructor(events: EngineEvents) {
    this.#events = events;
  }

  /** True once all waiters were ended after `StopGranting`. */
  get grantingStopped(): boolean {
    return this.#grantingStopped;
  }

  reserve(): number {
    return 0;
  }

  commit(
    origin: Origin,
    status: GrpcStatus,
    granted: boolean,
    _outcome: Outcome,
    headersBytes: number,
    dataBytes: number,
    trailersBytes: number,
  ): void {
    this.#count++;
    this.#events.reply(
      0,
      origin.route,
      origin.call,
      origin.session,
      origin.form as ReplyForm,
      status,
      granted,
      this.bytes,
      0,
      headersBytes,
      dataBytes,
      trailersBytes,
    );
  }

  signal(kind: ReplyKind): void {
    if (kind === ReplyKind.GrantingStopped) this.#grantingStopped = true;
    else if (kind === ReplyKind.Suspended || kind === ReplyKind.Resumed)
      this.#events.suspended(0, kind === ReplyKind.Suspended);
  }

  debug(session: number, message: string, attributes: DebugAttributes): void {
    this.#events.debug(session, message, attributes);
  }

  notice(message: string, attributes: DebugAttributes, session = 0): void {
    this.#events.notice(0, message, attributes, session);
  }

  publish(): void {
    if (this.#count === 0) return;
    this.#count = 0;
    this.#events.drained();
  }
}
