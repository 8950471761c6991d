import { MessageReader } from './message-reader.ts';
import { MessageWriter } from './message-writer.ts';
import type { LockCall, LockReply, RenewCall, ReplyError, UnlockCall, UnlockReply } from './transport.ts';

/*
 * The messages of protos/ldlm.proto, by hand: a library that reads .proto files takes longer to load than all else here.
 * Servers that know no milliseconds get seconds, rounded up, beside them.
 */

const INT32_MAX = 2 ** 31 - 1;
const writer = new MessageWriter();

export function encodeLock(call: LockCall): Buffer {
  writer.begin().string(1, call.name);
  if (call.waitTimeoutMs > 0) writer.present(3, secondsOf(call.waitTimeoutMs));
  writeClaim(call);
  if (call.waitTimeoutMs > 0) writer.present(1003, Math.ceil(call.waitTimeoutMs));
  return writer.bytes(1005, call.requestId).string(1006, call.holder).finish();
}

export function encodeTryLock(call: LockCall): Buffer {
  writer.begin().string(1, call.name);
  writeClaim(call);
  return writer.bytes(1005, call.requestId).string(1006, call.holder).finish();
}

export function encodeUnlock({ name, key, requestId }: UnlockCall): Buffer {
  writer.begin().string(1, name).string(2, key);
  if (requestId !== null) writer.bytes(1005, requestId);
  return writer.finish();
}

/** Renew and RefreshLock. */
export function encodeRenew({ name, key, lockTimeoutMs }: RenewCall): Buffer {
  const seconds = secondsOf(lockTimeoutMs);
  return writer
    .begin()
    .string(1, name)
    .string(2, key)
    .number(100, seconds)
    .present(1002, lockTimeoutMs)
    .finish();
}

/** @throws RangeError */
export function decodeLockReply(bytes: Buffer): LockReply {
  const reader = new MessageReader(bytes);
  let locked = false;
  let key = '';
  let error: ReplyError | null = null;
  let fencingToken = 0n;
  let certainMs = Number.POSITIVE_INFINITY;
  while (reader.next()) {
    if (reader.isNumber(1)) locked = reader.isTrue;
    else if (reader.isBytes(3)) key = reader.text;
    else if (reader.isBytes(4)) error = readError(reader.message);
    else if (reader.isNumber(1000)) fencingToken = reader.bigint;
    else if (reader.isNumber(1001)) certainMs = reader.number;
  }
  return { locked, key, fencingToken, certainMs, error };
}

/** @throws RangeError */
export function decodeUnlockReply(bytes: Buffer): UnlockReply {
  const reader = new MessageReader(bytes);
  let unlocked = false;
  let error: ReplyError | null = null;
  while (reader.next()) {
    if (reader.isNumber(1)) unlocked = reader.isTrue;
    else if (reader.isBytes(3)) error = readError(reader.message);
  }
  return { unlocked, error };
}

function readError(reader: MessageReader): ReplyError {
  let code = 0;
  let message = '';
  while (reader.next()) {
    if (reader.isNumber(1)) code = reader.number;
    else if (reader.isBytes(2)) message = reader.text;
  }
  return { code, message };
}

/** What Lock and TryLock share, in the order of their numbers. */
function writeClaim({ size, lockTimeoutMs, permits, shared }: LockCall): void {
  if (size !== null) writer.present(4, size);
  writer.number(100, secondsOf(lockTimeoutMs));
  if (permits > 1) writer.number(1000, permits);
  if (shared) writer.number(1001, 1);
  writer.number(1002, lockTimeoutMs);
}

function secondsOf(ms: number): number {
  return Math.min(Math.ceil(ms / 1000), INT32_MAX);
}
