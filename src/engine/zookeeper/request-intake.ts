import type { Clock } from '../../base/clock.ts';
import { Method } from '../../contract/method.ts';
import { LockCommand, RenewCommand, UnlockCommand } from '../../core/command.ts';
import type { Origin } from '../../core/origin.ts';
import type { CallEnd } from '../../core/sink.ts';
import { DecodeError } from '../../protocol/protobuf/decode-error.ts';
import {
  decodeLockRequest,
  decodeRenewRequest,
  decodeTryLockRequest,
  decodeUnlockRequest,
} from '../../protocol/protobuf/decode-request.ts';
import { Span } from '../../protocol/protobuf/span.ts';
import type { KeySource } from '../../shard/key-source.ts';
import type { Replies } from '../../shard/replies.ts';
import type { RequestLog } from '../../shard/request-log.ts';
import type { KeyDesk, KeyOutcome } from './key-desk.ts';
import type { LockDesk } from './lock-desk.ts';

export interface RequestIntakeParts {
  readonly clock: Clock;
  readonly keys: KeySource;
  readonly replies: Replies;
  /** Null: nobody wants a line for each request. */
  readonly log: RequestLog | null;
  readonly lockDesk: LockDesk;
  readonly keyDesk: KeyDesk;
}

/** The way of a request: message -> command -> desk -> reply. See `RequestProcessor`, which does it for locks in this process. */
export class RequestIntake {
  readonly #parts: RequestIntakeParts;
  readonly #lock = new LockCommand();
  readonly #unlock = new UnlockCommand();
  readonly #renew = new RenewCommand();
  readonly #keyText = new Span();

  constructor(parts: RequestIntakeParts) {
    this.#parts = parts;
  }

  /** The message is `bytes[start, end)`, which belong to somebody else again when this returns. */
  take(origin: Origin, deadlineMs: number, bytes: Buffer, start: number, end: number): void {
    switch (origin.method as Method) {
      case Method.Lock:
        return this.#lockOrTry(origin, decodeLockRequest(bytes, start, end, this.#lock), deadlineMs);
      case Method.TryLock:
        return this.#lockOrTry(origin, decodeTryLockRequest(bytes, start, end, this.#lock), deadlineMs);
      case Method.Unlock:
        return this.#unlockOne(origin, decodeUnlockRequest(bytes, start, end, this.#unlock));
      case Method.Renew:
        return this.#renewOne(origin, bytes, start, end, deadlineMs);
    }
  }

  #lockOrTry(origin: Origin, error: DecodeError | null, deadlineMs: number): void {
    if (error !== null) return this.#refuseMessage(origin, error);
    const { clock, keys, log, lockDesk } = this.#parts;
    const command = this.#lock;
    command.tryOnly = origin.method === Method.TryLock;
    command.deadlineMs = deadlineMs;
    Object.assign(command.origin, origin);
    keys.next(command.key);
    log?.lockRequest(command);
    lockDesk.lock(command, clock.nowMs());
  }

  /** An Unlock is carried out even when its caller's deadline has passed: nobody is served by keeping the lock. */
  #unlockOne(origin: Origin, error: DecodeError | null): void {
    if (error !== null) return this.#refuseMessage(origin, error);
    const { log, replies, keyDesk } = this.#parts;
    log?.unlockRequest(origin, this.#unlock);
    const { name } = this.#unlock;
    void keyDesk.unlock(this.#unlock).then((outcome) => {
      if (!this.#endedBy(origin, outcome)) replies.unlocked(origin, name, outcome);
    });
  }

  #renewOne(origin: Origin, bytes: Buffer, start: number, end: number, deadlineMs: number): void {
    const error = decodeRenewRequest(bytes, start, end, this.#renew, this.#keyText);
    if (error !== null) return this.#refuseMessage(origin, error);
    const { clock, log, replies, keyDesk } = this.#parts;
    log?.renewRequest(origin, this.#renew);
    if (deadlineMs <= clock.nowMs()) return replies.deadlineExceeded(origin);
    const { name } = this.#renew;
    // The bytes are somebody else's by the time of the answer.
    const key = Buffer.from(bytes.subarray(this.#keyText.start, this.#keyText.end));
    const span = new Span();
    span.end = key.length;
    void keyDesk.renew(this.#renew).then((outcome) => {
      if (!this.#endedBy(origin, outcome)) replies.renewed(origin, name, key, span, outcome);
    });
  }

  /** False: the outcome is an answer. */
  #endedBy(origin: Origin, outcome: KeyOutcome): outcome is CallEnd {
    if (typeof outcome !== 'number') return false;
    this.#parts.replies.ended(origin, outcome);
    return true;
  }

  #refuseMessage(origin: Origin, error: DecodeError): void {
    const { replies } = this.#parts;
    if (error === DecodeError.InvalidUtf8) replies.invalidUtf8(origin);
    else replies.malformed(origin);
  }
}
