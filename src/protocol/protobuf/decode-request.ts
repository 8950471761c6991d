import { Limits } from '../../base/limits.ts';
import type { LockCommand, RenewCommand, UnlockCommand } from '../../core/command.ts';
import { isUtf8Text, readByteString } from './byte-string.ts';
import { DecodeError } from './decode-error.ts';
import { Field, readField } from './field.ts';
import { parseLockKey } from './lock-key-text.ts';
import { RequestTag } from './request-tags.ts';
import { Span } from './span.ts';
import type { Words } from './varint.ts';

// The decoders run once per request, one after another, so they share these and allocate nothing but the strings.
const field = new Field();
const name = new Span();
const holder = new Span();
const requestId = new Span();
/** Unlock's own; Renew's caller needs the place of the key for the reply and brings a span. */
const keyText = new Span();

/**
 * Decodes the LockRequest from `start` to `end` into `command`: every field but `origin`, `tryOnly`, `deadlineMs`
 * and `key`, which are not the message's. After an error the command's content is undefined.
 *
 * As in Go's protobuf a known number with a foreign wire type is an unknown field, and unknown fields are skipped.
 * Of a field that is repeated the last one counts, and only that one is checked for UTF-8.
 */
export function decodeLockRequest(
  bytes: Buffer,
  start: number,
  end: number,
  command: LockCommand,
): DecodeError | null {
  return decodeLock(bytes, start, end, command, true);
}

/** As {@link decodeLockRequest} for a TryLockRequest, which has no wait timeouts: their numbers are unknown fields. */
export function decodeTryLockRequest(
  bytes: Buffer,
  start: number,
  end: number,
  command: LockCommand,
): DecodeError | null {
  return decodeLock(bytes, start, end, command, false);
}

function decodeLock(
  bytes: Buffer,
  start: number,
  end: number,
  command: LockCommand,
  mayWait: boolean,
): DecodeError | null {
  let lockTimeoutInMs = false;
  let waitTimeoutInMs = false;
  clearLockFields(command, start);
  let position = start;
  while (position < end) {
    position = readField(bytes, position, end, field);
    if (position < 0) return DecodeError.Malformed;
    switch (field.tag) {
      case RequestTag.Name:
        setSpan(name, field);
        break;
      case RequestTag.WaitTimeoutSeconds:
        if (mayWait && !waitTimeoutInMs) command.waitTimeoutMs = field.low * 1000;
        break;
      case RequestTag.Size:
        command.size = field.low;
        break;
      case RequestTag.LockTimeoutSeconds:
        if (!lockTimeoutInMs) command.lockTimeoutMs = field.low * 1000;
        break;
      case RequestTag.Permits:
        command.permits = field.low === 0 ? 1 : field.low >>> 0;
        break;
      case RequestTag.Mode:
        command.mode = field.low;
        break;
      case RequestTag.LockTimeoutMs:
        lockTimeoutInMs = true;
        command.lockTimeoutMs = toInt64(field);
        break;
      case RequestTag.WaitTimeoutMs:
        if (mayWait) {
          waitTimeoutInMs = true;
          command.waitTimeoutMs = toInt64(field);
        }
        break;
      case RequestTag.RequestId:
        setSpan(requestId, field);
        break;
      case RequestTag.Holder:
        setSpan(holder, field);
        break;
    }
  }
  if (!isText(bytes, name, Limits.nameBytesMax)) return DecodeError.InvalidUtf8;
  if (!isText(bytes, holder, Limits.holderBytesMax)) return DecodeError.InvalidUtf8;
  command.name = readByteString(bytes, name.start, name.end);
  command.requestId = readByteString(bytes, requestId.start, requestId.end);
  command.holder = readByteString(bytes, holder.start, holder.end);
  return null;
}

function clearLockFields(command: LockCommand, start: number): void {
  command.size = 1;
  command.permits = 1;
  command.mode = 0;
  command.lockTimeoutMs = 0;
  command.waitTimeoutMs = 0;
  clearSpan(name, start);
  clearSpan(requestId, start);
  clearSpan(holder, start);
}

/**
 * Decodes the UnlockRequest from `start` to `end` into `command`, every field of it. A key that is no UUID as this
 * server writes them can match nothing; it is not an error of the message.
 */
export function decodeUnlockRequest(
  bytes: Buffer,
  start: number,
  end: number,
  command: UnlockCommand,
): DecodeError | null {
  clearSpan(name, start);
  clearSpan(keyText, start);
  clearSpan(requestId, start);
  let position = start;
  while (position < end) {
    position = readField(bytes, position, end, field);
    if (position < 0) return DecodeError.Malformed;
    switch (field.tag) {
      case RequestTag.Name:
        setSpan(name, field);
        break;
      case RequestTag.Key:
        setSpan(keyText, field);
        break;
      case RequestTag.RequestId:
        setSpan(requestId, field);
        break;
    }
  }
  command.requestId = readByteString(bytes, requestId.start, requestId.end);
  return decodeNameAndKey(bytes, keyText, command);
}

/**
 * Decodes the RenewRequest or RefreshLockRequest from `start` to `end` into `command`, every field of it, and
 * puts the place of the key's text into `key`: the reply repeats the key as it was sent.
 */
export function decodeRenewRequest(
  bytes: Buffer,
  start: number,
  end: number,
  command: RenewCommand,
  key: Span,
): DecodeError | null {
  let lockTimeoutInMs = false;
  command.lockTimeoutMs = 0;
  clearSpan(name, start);
  clearSpan(key, start);
  let position = start;
  while (position < end) {
    position = readField(bytes, position, end, field);
    if (position < 0) return DecodeError.Malformed;
    switch (field.tag) {
      case RequestTag.Name:
        setSpan(name, field);
        break;
      case RequestTag.Key:
        setSpan(key, field);
        break;
      case RequestTag.LockTimeoutSeconds:
        if (!lockTimeoutInMs) command.lockTimeoutMs = field.low * 1000;
        break;
      case RequestTag.LockTimeoutMs:
        lockTimeoutInMs = true;
        command.lockTimeoutMs = toInt64(field);
        break;
    }
  }
  return decodeNameAndKey(bytes, key, command);
}

function decodeNameAndKey(
  bytes: Buffer,
  key: Span,
  command: UnlockCommand | RenewCommand,
): DecodeError | null {
  if (!isText(bytes, name, Limits.nameBytesMax)) return DecodeError.InvalidUtf8;
  command.keyBytes = key.end - key.start;
  command.keyValid = parseLockKey(bytes, key.start, key.end, command.key);
  if (!command.keyValid && !isText(bytes, key, Limits.keyBytesMax)) return DecodeError.InvalidUtf8;
  command.name = readByteString(bytes, name.start, name.end);
  return null;
}

function setSpan(span: Span, from: Span): void {
  span.start = from.start;
  span.end = from.end;
}

function clearSpan(span: Span, start: number): void {
  span.start = start;
  span.end = start;
}

/** What is longer than its limit is refused for that, and may have been cut within a character on its way. */
function isText(bytes: Buffer, span: Span, bytesMax: number): boolean {
  return span.end - span.start > bytesMax || isUtf8Text(bytes, span.start, span.end);
}

const exactMax = 2 ** 53;

/** The value as a signed 64-bit integer; beyond what a number holds exactly, the nearest that it does. */
function toInt64(words: Words): number {
  const value = words.high * 2 ** 32 + (words.low >>> 0);
  return Math.max(-exactMax, Math.min(exactMax, value));
}
