import { Method } from '../contract/method.ts';
import type { ClaimObserver } from '../core/claim-observer.ts';
import { LockCommand, RenewCommand, UnlockCommand } from '../core/command.ts';
import { type CoreOptions, LockCore } from '../core/lock-core.ts';
import { Origin } from '../core/origin.ts';
import { CallEnd } from '../core/sink.ts';
import type { HoldObserver } from '../core/slow-holders.ts';
import { DecodeError } from '../protocol/protobuf/decode-error.ts';
import {
  decodeLockRequest,
  decodeRenewRequest,
  decodeTryLockRequest,
  decodeUnlockRequest,
} from '../protocol/protobuf/decode-request.ts';
import { Span } from '../protocol/protobuf/span.ts';
import type { DebugLines } from './debug-lines.ts';
import type { KeySource } from './key-source.ts';
import { ObserverPair } from './observer-pair.ts';
import { ReleaseLog } from './release-log.ts';
import type { Replies } from './replies.ts';
import { ReplyEncoder } from './reply-encoder.ts';
import type { ReplyTarget } from './reply-target.ts';
import { RequestLog } from './request-log.ts';

/**
 * The way of a request through a shard: message -> command -> core -> reply. The same object serves the loop of a
 * worker thread and the inline engine, so what is tested without threads is what runs in them.
 */
export class RequestProcessor {
  readonly core: LockCore;
  /** The call that `process` works on; filled by the caller. */
  readonly origin = new Origin();
  readonly #keys: KeySource;
  readonly #replies: Replies;
  readonly #log: RequestLog | null;
  readonly #lock = new LockCommand();
  readonly #unlock = new UnlockCommand();
  readonly #renew = new RenewCommand();
  readonly #keyText = new Span();

  /**
   * @param lines where a line goes for each request and what comes of it; null for none
   * @param recorder what records each change for a journal; null for none
   * @param holdObserver told of locks that are held for long; null for none
   */
  constructor(
    options: CoreOptions,
    keys: KeySource,
    target: ReplyTarget,
    lines: DebugLines | null = null,
    recorder: ClaimObserver | null = null,
    holdObserver: HoldObserver | null = null,
  ) {
    this.#keys = keys;
    const encoder = new ReplyEncoder(target);
    this.#log = lines === null ? null : new RequestLog(lines, encoder);
    this.#replies = this.#log ?? encoder;
    this.core = new LockCore(options, this.#replies, observerOf(lines, recorder), holdObserver);
  }

  /** Works off one request of `origin`, whose message is `bytes[start, end)`. */
  process(
    method: Method,
    deadlineMs: number,
    bytes: Buffer,
    start: number,
    end: number,
    nowMs: number,
  ): void {
    this.origin.method = method;
    switch (method) {
      case Method.Lock:
        return this.#lockOrTry(decodeLockRequest(bytes, start, end, this.#lock), false, deadlineMs, nowMs);
      case Method.TryLock:
        return this.#lockOrTry(decodeTryLockRequest(bytes, start, end, this.#lock), true, deadlineMs, nowMs);
      case Method.Unlock:
        return this.#unlockOne(bytes, start, end, nowMs);
      case Method.Renew:
        return this.#renewOne(deadlineMs, bytes, start, end, nowMs);
    }
  }

  /** Gives back a grant that could not be delivered: an UnlockRequest whose reply nobody wants. */
  release(bytes: Buffer, start: number, end: number, nowMs: number): void {
    if (decodeUnlockRequest(bytes, start, end, this.#unlock) !== null) return;
    this.core.releaseUndelivered(this.#unlock, nowMs);
  }

  #lockOrTry(error: DecodeError | null, tryOnly: boolean, deadlineMs: number, nowMs: number): void {
    if (error !== null) return this.#refuseMessage(error);
    const command = this.#lock;
    command.tryOnly = tryOnly;
    command.deadlineMs = deadlineMs;
    command.origin.session = this.origin.session;
    command.origin.route = this.origin.route;
    command.origin.call = this.origin.call;
    command.origin.form = this.origin.form;
    command.origin.method = this.origin.method;
    this.#keys.next(command.key);
    if (this.#log !== null) this.#log.lockRequest(command);
    this.core.lock(command, nowMs);
  }

  /** An Unlock is carried out even when its caller's deadline has passed: nobody is served by keeping the lock. */
  #unlockOne(bytes: Buffer, start: number, end: number, nowMs: number): void {
    const error = decodeUnlockRequest(bytes, start, end, this.#unlock);
    if (error !== null) return this.#refuseMessage(error);
    if (this.#log !== null) this.#log.unlockRequest(this.origin, this.#unlock);
    if (this.core.suspended) return this.#replies.ended(this.origin, CallEnd.Suspended);
    const refusal = this.core.unlock(this.#unlock, nowMs);
    this.#replies.unlocked(this.origin, this.#unlock.name, refusal);
  }

  #renewOne(deadlineMs: number, bytes: Buffer, start: number, end: number, nowMs: number): void {
    const error = decodeRenewRequest(bytes, start, end, this.#renew, this.#keyText);
    if (error !== null) return this.#refuseMessage(error);
    if (this.#log !== null) this.#log.renewRequest(this.origin, this.#renew);
    if (deadlineMs <= nowMs) return this.#replies.deadlineExceeded(this.origin);
    if (this.core.suspended) return this.#replies.ended(this.origin, CallEnd.Suspended);
    const refusal = this.core.renew(this.#renew, nowMs);
    this.#replies.renewed(this.origin, this.#renew.name, bytes, this.#keyText, refusal);
  }

  #refuseMessage(error: DecodeError): void {
    if (error === DecodeError.InvalidUtf8) this.#replies.invalidUtf8(this.origin);
    else this.#replies.malformed(this.origin);
  }
}

function observerOf(lines: DebugLines | null, recorder: ClaimObserver | null): ClaimObserver | null {
  if (lines === null) return recorder;
  const log = new ReleaseLog(lines);
  return recorder === null ? log : new ObserverPair(recorder, log);
}
