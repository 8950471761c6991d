import { Method } from '../contract/method.ts';
import type { Refusal } from '../contract/refusal.ts';
import type { LockCommand, RenewCommand, UnlockCommand } from '../core/command.ts';
import type { LockKey } from '../core/lock-key.ts';
import type { Origin } from '../core/origin.ts';
import type { CallEnd, FencingToken } from '../core/sink.ts';
import type { Span } from '../protocol/protobuf/span.ts';
import { CALL_END_TEXTS } from './call-end-text.ts';
import { type DebugLines, shownKey, shownName } from './debug-lines.ts';
import type { Replies } from './replies.ts';

/**
 * Writes a line for each request and each response, under the names and attributes that LDLM uses. It stands before
 * the replies, and exists only where such lines are wanted.
 */
export class RequestLog implements Replies {
  readonly #lines: DebugLines;
  readonly #replies: Replies;
  /** The keys of Unlocks that have no answer yet, by session and call. */
  readonly #unlockKeys = new Map<string, string>();

  constructor(lines: DebugLines, replies: Replies) {
    this.#lines = lines;
    this.#replies = replies;
  }

  // ---- requests -------------------------------------------------------------------------------------------------

  lockRequest(command: LockCommand): void {
    const { session } = command.origin;
    this.#lines.debug(session, `${command.tryOnly ? 'TryLock' : 'Lock'} request`, {
      lock: shownName(command.name),
    });
  }

  unlockRequest(origin: Origin, command: UnlockCommand): void {
    const key = command.keyValid ? shownKey(command.key) : '';
    this.#unlockKeys.set(callName(origin), key);
    const attributes = { lock: shownName(command.name), key };
    this.#lines.debug(origin.session, 'Unlock request', attributes);
  }

  renewRequest(origin: Origin, command: RenewCommand): void {
    const key = command.keyValid ? shownKey(command.key) : '';
    const timeout = command.lockTimeoutMs / 1000;
    this.#lines.debug(origin.session, 'Renew request', { lock: shownName(command.name), key, timeout });
  }

  // ---- responses ------------------------------------------------------------------------------------------------

  granted(origin: Origin, name: string, key: LockKey, token: FencingToken): void {
    this.#replies.granted(origin, name, key, token);
    this.#lockResponse(origin, name, shownKey(key), true, null);
  }

  notLocked(origin: Origin, name: string, refusal: Refusal | null): void {
    this.#replies.notLocked(origin, name, refusal);
    this.#lockResponse(origin, name, '', false, refusal === null ? null : refusal.message);
  }

  ended(origin: Origin, end: CallEnd): void {
    this.#replies.ended(origin, end);
    this.#unlockKeys.delete(callName(origin));
    this.#lockResponse(origin, null, '', false, CALL_END_TEXTS[end]);
  }

  unlocked(origin: Origin, name: string, refusal: Refusal | null): void {
    this.#replies.unlocked(origin, name, refusal);
    const error = refusal === null ? null : refusal.message;
    const key = this.#unlockKeys.get(callName(origin)) ?? '';
    this.#unlockKeys.delete(callName(origin));
    const attributes = { key, lock: shownName(name), unlocked: refusal === null, error };
    this.#lines.debug(origin.session, 'Unlock response', attributes);
  }

  renewed(origin: Origin, name: string, bytes: Uint8Array, key: Span, refusal: Refusal | null): void {
    this.#replies.renewed(origin, name, bytes, key, refusal);
    const error = refusal === null ? null : refusal.message;
    const attributes = { lock: shownName(name), locked: refusal === null, error };
    this.#lines.debug(origin.session, 'Renew response', attributes);
  }

  malformed(origin: Origin): void {
    this.#replies.malformed(origin);
  }

  invalidUtf8(origin: Origin): void {
    this.#replies.invalidUtf8(origin);
  }

  deadlineExceeded(origin: Origin): void {
    this.#replies.deadlineExceeded(origin);
  }

  #lockResponse(
    origin: Origin,
    name: string | null,
    key: string,
    locked: boolean,
    error: string | null,
  ): void {
    const lock = name === null ? null : shownName(name);
    const message = origin.method === Method.TryLock ? 'TryLock response' : 'Lock response';
    this.#lines.debug(origin.session, message, { lock, key, locked, error });
  }
}

function callName({ session, call }: Origin): string {
  return `${session} ${call}`;
}
