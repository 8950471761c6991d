import { LockMode } from '../contract/lock-mode.ts';
import type { ClaimView } from '../core/claim-view.ts';
import { LockKey } from '../core/lock-key.ts';
import { FencingToken } from '../core/sink.ts';
import { HEADER_BYTES } from './batch-header.ts';
import {
  GRANT_SHARED,
  GrantField,
  LockField,
  MarkField,
  RecordType,
  ReleaseField,
  RenewField,
  RequestField,
  TokensField,
} from './record.ts';

const FIRST_BYTES = 64 * 1024;
/** Shorter texts are faster written byte by byte than by a call into the engine. */
const LOOP_TEXT_BYTES_MAX = 32;
/** A buffer that has grown beyond this for one batch is not kept. */
const KEPT_BYTES_MAX = 4 * 1024 * 1024;

/** Gathers the records of a batch in a buffer that has room for the header in front. It grows as needed. */
export class RecordWriter {
  /** Records in the buffer. */
  count = 0;
  /** Where the next record begins. */
  end = HEADER_BYTES;
  bytes: Buffer = Buffer.allocUnsafeSlow(FIRST_BYTES);
  #view = viewOf(this.bytes);
  readonly #key = new LockKey();
  readonly #token = new FencingToken();

  /** Bytes of records. */
  get length(): number {
    return this.end - HEADER_BYTES;
  }

  clear(): void {
    this.count = 0;
    this.end = HEADER_BYTES;
    if (this.bytes.length > KEPT_BYTES_MAX) this.#replace(Buffer.allocUnsafeSlow(FIRST_BYTES));
  }

  /** Takes over a record of another buffer as it is. */
  copy(from: Buffer, start: number, end: number): void {
    const at = this.#open(end - start);
    from.copy(this.bytes, at, start, end);
  }

  grant(claim: ClaimView): void {
    this.#grant(RecordType.Grant, claim, GrantField.Bytes);
  }

  held(claim: ClaimView): void {
    const at = this.#grant(RecordType.Held, claim, GrantField.HeldBytes);
    this.#view.setFloat64(at + GrantField.SinceMs, claim.sinceMs, true);
    this.#view.setFloat64(at + GrantField.DeadlineMs, claim.deadlineMs, true);
  }

  release(claim: ClaimView, cause: number): void {
    const { name } = claim;
    const at = this.#open(ReleaseField.Bytes + name.length);
    this.bytes[at] = RecordType.Release;
    this.bytes[at + ReleaseField.Cause] = cause;
    this.#view.setUint32(at + ReleaseField.NameLength, name.length, true);
    this.#writeKey(claim, at + ReleaseField.Key);
    this.#text(at + ReleaseField.Bytes, name);
  }

  renew(claim: ClaimView): void {
    const { name } = claim;
    const at = this.#open(RenewField.Bytes + name.length);
    this.bytes[at] = RecordType.Renew;
    this.#view.setUint32(at + RenewField.NameLength, name.length, true);
    this.#writeKey(claim, at + RenewField.Key);
    this.#view.setFloat64(at + RenewField.LockTimeoutMs, claim.lockTimeoutMs, true);
    this.#view.setFloat64(at + RenewField.DeadlineMs, claim.deadlineMs, true);
    this.#text(at + RenewField.Bytes, name);
  }

  lockClosed(name: string): void {
    this.#lock(RecordType.LockClosed, name, 0);
  }

  idleLock(name: string, size: number): void {
    this.#lock(RecordType.IdleLock, name, size);
  }

  /** `memoryKey`: what the core's memory of requests knows it by. */
  releasedRequest(memoryKey: string, forgetAtMs: number): void {
    const at = this.#open(RequestField.Bytes + memoryKey.length);
    this.bytes[at] = RecordType.ReleasedRequest;
    this.#view.setUint32(at + RequestField.KeyLength, memoryKey.length, true);
    this.#view.setFloat64(at + RequestField.ForgetAtMs, forgetAtMs, true);
    this.#text(at + RequestField.Bytes, memoryKey);
  }

  tokens(last: FencingToken): void {
    const at = this.#open(TokensField.Bytes);
    this.bytes[at] = RecordType.Tokens;
    this.#view.setUint32(at + TokensField.High, last.high, true);
    this.#view.setUint32(at + TokensField.Low, last.low, true);
  }

  snapshotEnd(): void {
    const at = this.#open(MarkField.Bytes);
    this.bytes[at] = RecordType.SnapshotEnd;
  }

  #grant(type: RecordType, claim: ClaimView, fixedBytes: number): number {
    const { name, holder, requestId } = claim;
    const at = this.#open(fixedBytes + name.length + holder.length + requestId.length);
    const { bytes } = this;
    const view = this.#view;
    bytes[at] = type;
    bytes[at + GrantField.Flags] = claim.mode === LockMode.Shared ? GRANT_SHARED : 0;
    bytes[at + GrantField.RequestIdLength] = requestId.length;
    // Of two bytes; the two behind them are free, and must not tell what was in the buffer.
    view.setUint32(at + GrantField.HolderLength, holder.length, true);
    view.setUint32(at + GrantField.NameLength, name.length, true);
    view.setInt32(at + GrantField.Size, claim.size, true);
    view.setUint32(at + GrantField.Permits, claim.permits, true);
    this.#writeKey(claim, at + GrantField.Key);
    claim.readToken(this.#token);
    view.setUint32(at + GrantField.TokenHigh, this.#token.high, true);
    view.setUint32(at + GrantField.TokenLow, this.#token.low, true);
    view.setFloat64(at + GrantField.LockTimeoutMs, claim.lockTimeoutMs, true);
    view.setFloat64(at + GrantField.Session, claim.anySession, true);
    let text = this.#text(at + fixedBytes, requestId);
    text = this.#text(text, holder);
    this.#text(text, name);
    return at;
  }

  #lock(type: RecordType, name: string, size: number): void {
    const at = this.#open(LockField.Bytes + name.length);
    this.bytes[at] = type;
    this.#view.setUint32(at + LockField.NameLength, name.length, true);
    this.#view.setInt32(at + LockField.Size, size, true);
    this.#text(at + LockField.Bytes, name);
  }

  #writeKey(claim: ClaimView, at: number): void {
    const key = this.#key;
    const view = this.#view;
    claim.readKey(key);
    view.setInt32(at, key.a, true);
    view.setInt32(at + 4, key.b, true);
    view.setInt32(at + 8, key.c, true);
    view.setInt32(at + 12, key.d, true);
  }

  /** Returns where the text ends. */
  #text(at: number, text: string): number {
    const { length } = text;
    const { bytes } = this;
    if (length > LOOP_TEXT_BYTES_MAX) bytes.latin1Write(text, at, length);
    else for (let i = 0; i < length; i++) bytes[at + i] = text.charCodeAt(i);
    return at + length;
  }

  /** Makes room for a record of so many bytes, whose first four are zero, and returns where it begins. */
  #open(length: number): number {
    const at = this.end;
    if (at + length > this.bytes.length) this.#grow(at + length);
    this.#view.setUint32(at, 0, true);
    this.end = at + length;
    this.count++;
    return at;
  }

  #grow(bytesMin: number): void {
    const larger = Buffer.allocUnsafeSlow(Math.max(bytesMin, this.bytes.length * 2));
    this.bytes.copy(larger, 0, 0, this.end);
    this.#replace(larger);
  }

  #replace(bytes: Buffer): void {
    this.bytes = bytes;
    this.#view = viewOf(bytes);
  }
}

function viewOf(bytes: Buffer): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}
