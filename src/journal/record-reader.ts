import { LockMode } from '../contract/lock-mode.ts';
import { LockCommand } from '../core/command.ts';
import type { LockKey } from '../core/lock-key.ts';
import { FencingToken } from '../core/sink.ts';
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

/**
 * Reads the records of a batch, one after the other. What a record says stands in the fields of this object until the
 * next one; which of them mean something depends on its type.
 */
export class RecordReader {
  type: RecordType = RecordType.Grant;
  /** Name, key, size, permits, mode, lock timeout, holder and request id of a Grant or Held; name and key of others. */
  readonly command = new LockCommand();
  readonly token = new FencingToken();
  session = 0;
  cause = 0;
  /** Of a Held. */
  sinceMs = 0;
  /** Of a Held or Renew, Infinity for none. */
  deadlineMs = 0;
  memoryKey = '';
  forgetAtMs = 0;
  /** Where the record begins and ends. */
  start = 0;
  end = 0;
  #bytes: Buffer = EMPTY;
  #limit = 0;

  /** Begins with the records in `bytes[start, limit)`. */
  open(bytes: Buffer, start: number, limit: number): void {
    this.#bytes = bytes;
    this.#limit = limit;
    this.end = start;
  }

  /** The name that the record is about; empty when it is about none. */
  get name(): string {
    return this.command.name;
  }

  /**
   * Goes to the next record; false when there is none. What is behind a checksum is as it was written, so a record
   * that makes no sense was written by a later version.
   *
   * @throws RangeError
   */
  next(): boolean {
    this.start = this.end;
    if (this.start >= this.#limit) return false;
    this.type = this.#bytes[this.start] as RecordType;
    this.command.name = '';
    this.end = this.#read(this.start);
    if (this.end > this.#limit) throw new RangeError('a record is longer than its batch');
    return true;
  }

  #read(at: number): number {
    const bytes = this.#bytes;
    switch (this.type) {
      case RecordType.Grant:
        return this.#grant(at, GrantField.Bytes);
      case RecordType.Held:
        this.sinceMs = bytes.readDoubleLE(at + GrantField.SinceMs);
        this.deadlineMs = bytes.readDoubleLE(at + GrantField.DeadlineMs);
        return this.#grant(at, GrantField.HeldBytes);
      case RecordType.Release:
        this.cause = bytes[at + ReleaseField.Cause]!;
        this.#key(at + ReleaseField.Key);
        return this.#name(at + ReleaseField.NameLength, at + ReleaseField.Bytes);
      case RecordType.Renew:
        this.#key(at + RenewField.Key);
        this.command.lockTimeoutMs = bytes.readDoubleLE(at + RenewField.LockTimeoutMs);
        this.deadlineMs = bytes.readDoubleLE(at + RenewField.DeadlineMs);
        return this.#name(at + RenewField.NameLength, at + RenewField.Bytes);
      case RecordType.LockClosed:
      case RecordType.IdleLock:
        this.command.size = bytes.readInt32LE(at + LockField.Size);
        return this.#name(at + LockField.NameLength, at + LockField.Bytes);
      case RecordType.ReleasedRequest: {
        const start = at + RequestField.Bytes;
        const end = start + bytes.readUInt32LE(at + RequestField.KeyLength);
        this.memoryKey = bytes.latin1Slice(start, end);
        this.forgetAtMs = bytes.readDoubleLE(at + RequestField.ForgetAtMs);
        return end;
      }
      case RecordType.Tokens:
        this.token.high = bytes.readUInt32LE(at + TokensField.High);
        this.token.low = bytes.readUInt32LE(at + TokensField.Low);
        return at + TokensField.Bytes;
      case RecordType.SnapshotEnd:
        return at + MarkField.Bytes;
      default:
        throw new RangeError(`a record has the unknown type ${this.type}`);
    }
  }

  #grant(at: number, fixedBytes: number): number {
    const bytes = this.#bytes;
    const { command } = this;
    command.mode =
      (bytes[at + GrantField.Flags]! & GRANT_SHARED) !== 0 ? LockMode.Shared : LockMode.Exclusive;
    command.size = bytes.readInt32LE(at + GrantField.Size);
    command.permits = bytes.readUInt32LE(at + GrantField.Permits);
    this.#key(at + GrantField.Key);
    this.token.high = bytes.readUInt32LE(at + GrantField.TokenHigh);
    this.token.low = bytes.readUInt32LE(at + GrantField.TokenLow);
    command.lockTimeoutMs = bytes.readDoubleLE(at + GrantField.LockTimeoutMs);
    this.session = bytes.readDoubleLE(at + GrantField.Session);
    const requestIdStart = at + fixedBytes;
    const holderStart = requestIdStart + bytes[at + GrantField.RequestIdLength]!;
    const nameStart = holderStart + bytes.readUInt16LE(at + GrantField.HolderLength);
    command.requestId = holderStart === requestIdStart ? '' : bytes.latin1Slice(requestIdStart, holderStart);
    command.holder = nameStart === holderStart ? '' : bytes.latin1Slice(holderStart, nameStart);
    return this.#name(at + GrantField.NameLength, nameStart);
  }

  /** Returns where the name, and with it the record, ends. */
  #name(lengthAt: number, start: number): number {
    const end = start + this.#bytes.readUInt32LE(lengthAt);
    this.command.name = this.#bytes.latin1Slice(start, end);
    return end;
  }

  #key(at: number): void {
    const bytes = this.#bytes;
    const key: LockKey = this.command.key;
    key.a = bytes.readInt32LE(at);
    key.b = bytes.readInt32LE(at + 4);
    key.c = bytes.readInt32LE(at + 8);
    key.d = bytes.readInt32LE(at + 12);
  }
}

const EMPTY = Buffer.alloc(0);
