import { Limits } from '../../base/limits.ts';
import { type Refusal, Refusals } from '../../contract/refusal.ts';
import type { LockKey } from '../../core/lock-key.ts';
import type { FencingToken } from '../../core/sink.ts';
import { writeByteString } from './byte-string.ts';
import { errorBytes } from './error-bytes.ts';
import { tagOf, WireType } from './field.ts';
import { lockKeyTextBytes, writeLockKey } from './lock-key-text.ts';
import type { Span } from './span.ts';
import { sizeOfVarint, sizeOfVarint64, writeVarint, writeVarint64 } from './varint.ts';

// Replies are written straight into the output, and gRPC writes a message's length before the message: so each reply
// has a function for its exact size and one that writes it and returns the position after it. `name` is a byte string.

/** `locked` of LockResponse and `unlocked` of UnlockResponse. */
const doneTag = tagOf(1, WireType.Varint);
const nameTag = tagOf(2, WireType.Bytes);
const keyTag = tagOf(3, WireType.Bytes);
const lockErrorTag = tagOf(4, WireType.Bytes);
const unlockErrorTag = tagOf(3, WireType.Bytes);
const fencingTokenTag = tagOf(1000, WireType.Varint);
const certainMsTag = tagOf(1001, WireType.Varint);

const doneBytes = 2;
const fencingTokenTagBytes = 2;
const certainMsTagBytes = 2;
const grantedKeyBytes = 1 + 1 + lockKeyTextBytes;

/** The size of what {@link encodeLockGranted} writes. */
export function sizeOfLockGranted(name: string, token: FencingToken, certainMs: number): number {
  return (
    doneBytes + sizeOfName(name) + grantedKeyBytes + sizeOfFencingToken(token) + sizeOfCertainMs(certainMs)
  );
}

/** LockResponse of a Lock or TryLock that was granted. `certainMs` is 0 where the lock timeout alone counts. */
export function encodeLockGranted(
  out: Buffer,
  position: number,
  name: string,
  key: LockKey,
  token: FencingToken,
  certainMs: number,
): number {
  position = writeDone(out, position);
  position = writeName(out, position, name);
  out[position++] = keyTag;
  out[position++] = lockKeyTextBytes;
  position = writeLockKey(out, position, key);
  return writeCertainMs(out, writeFencingToken(out, position, token), certainMs);
}

/** The size of what {@link encodeLockRefused} writes. */
export function sizeOfLockRefused(name: string, refusal: Refusal | null): number {
  return sizeOfName(name) + sizeOfError(refusal);
}

/** LockResponse of a Lock or TryLock that was not granted; without a refusal when TryLock found the lock taken. */
export function encodeLockRefused(
  out: Buffer,
  position: number,
  name: string,
  refusal: Refusal | null,
): number {
  position = writeName(out, position, name);
  return writeError(out, position, lockErrorTag, refusal);
}

/** The size of what {@link encodeUnlockReply} writes. */
export function sizeOfUnlockReply(name: string, refusal: Refusal | null): number {
  return (refusal === null ? doneBytes : 0) + sizeOfName(name) + sizeOfError(refusal);
}

/** UnlockResponse; `refusal` is null when the lock was released. */
export function encodeUnlockReply(
  out: Buffer,
  position: number,
  name: string,
  refusal: Refusal | null,
): number {
  if (refusal === null) position = writeDone(out, position);
  position = writeName(out, position, name);
  return writeError(out, position, unlockErrorTag, refusal);
}

/** The size of what {@link encodeRenewReply} writes. */
export function sizeOfRenewReply(
  name: string,
  key: Span,
  refusal: Refusal | null,
  certainMs: number,
): number {
  const keyBytes = repeatedKeyBytes(key, refusal);
  const keyFieldBytes = keyBytes === 0 ? 0 : 1 + sizeOfVarint(keyBytes) + keyBytes;
  const endBytes = refusal === null ? sizeOfCertainMs(certainMs) : sizeOfError(refusal);
  return (refusal === null ? doneBytes : 0) + sizeOfName(name) + keyFieldBytes + endBytes;
}

/**
 * LockResponse of a Renew or RefreshLock; `refusal` is null when the lock was renewed. `key` is the place in `bytes`
 * of the key's text as it was sent. `certainMs` is 0 where the lock timeout alone counts.
 */
export function encodeRenewReply(
  out: Buffer,
  position: number,
  name: string,
  bytes: Uint8Array,
  key: Span,
  refusal: Refusal | null,
  certainMs: number,
): number {
  if (refusal === null) position = writeDone(out, position);
  position = writeName(out, position, name);
  const keyBytes = repeatedKeyBytes(key, refusal);
  if (keyBytes > 0) {
    out[position++] = keyTag;
    position = writeVarint(out, position, keyBytes);
    for (let i = 0; i < keyBytes; i++) out[position + i] = bytes[key.start + i]!;
    position += keyBytes;
  }
  if (refusal === null) return writeCertainMs(out, position, certainMs);
  return writeError(out, position, lockErrorTag, refusal);
}

/**
 * The reply to a renewal repeats the key, but as in LDLM not where the lock timeout was refused, and never one that
 * is too long: that may have been cut, so that it is neither what was sent nor valid UTF-8.
 */
function repeatedKeyBytes(key: Span, refusal: Refusal | null): number {
  const keyBytes = key.end - key.start;
  return refusal === Refusals.lockTimeoutNegative || keyBytes > Limits.keyBytesMax ? 0 : keyBytes;
}

/** Every reply repeats the name, but for one that is too long, for the same reason as with a key. */
function isRepeated(name: string): boolean {
  return name.length > 0 && name.length <= Limits.nameBytesMax;
}

function sizeOfName(name: string): number {
  return isRepeated(name) ? 1 + sizeOfVarint(name.length) + name.length : 0;
}

function writeName(out: Buffer, position: number, name: string): number {
  if (!isRepeated(name)) return position;
  out[position++] = nameTag;
  position = writeVarint(out, position, name.length);
  return writeByteString(out, position, name);
}

function writeDone(out: Buffer, position: number): number {
  out[position] = doneTag;
  out[position + 1] = 1;
  return position + doneBytes;
}

function sizeOfError(refusal: Refusal | null): number {
  return refusal === null ? 0 : 1 + errorBytes(refusal).length;
}

function writeError(out: Buffer, position: number, tag: number, refusal: Refusal | null): number {
  if (refusal === null) return position;
  const bytes = errorBytes(refusal);
  out[position++] = tag;
  out.set(bytes, position);
  return position + bytes.length;
}

function sizeOfFencingToken(token: FencingToken): number {
  if (token.high === 0 && token.low === 0) return 0;
  return fencingTokenTagBytes + sizeOfVarint64(token.high, token.low);
}

function writeFencingToken(out: Buffer, position: number, token: FencingToken): number {
  if (token.high === 0 && token.low === 0) return position;
  position = writeVarint(out, position, fencingTokenTag);
  return writeVarint64(out, position, token.high, token.low);
}

function sizeOfCertainMs(certainMs: number): number {
  return certainMs === 0 ? 0 : certainMsTagBytes + sizeOfVarint(certainMs);
}

function writeCertainMs(out: Buffer, position: number, certainMs: number): number {
  if (certainMs === 0) return position;
  return writeVarint(out, writeVarint(out, position, certainMsTag), certainMs);
}
