import { Buffer } from 'node:buffer';
import { writeVarint } from '../../src/protocol/protobuf/varint.ts';

export interface LockOptions {
  /** Absent: the field is not sent, which means 1. */
  readonly size?: number;
  readonly lockTimeoutSeconds?: number;
  readonly waitTimeoutSeconds?: number;
}

const NAME_TAG = 0x0a;
const WAIT_TIMEOUT_TAG = 0x18;
const SIZE_TAG = 0x20;
/** Field 100, a varint: the tag takes two bytes. */
const LOCK_TIMEOUT_TAG = [0xa0, 0x06] as const;

/** A lock's name and the request bytes that are the same in every call about it, made once. */
export class LockName {
  readonly text: string;
  /** The message of Lock and TryLock. */
  readonly lockMessage: Uint8Array;
  /** The name field alone, which an UnlockRequest begins with. */
  readonly nameField: Uint8Array;

  constructor(text: string, options: LockOptions = {}) {
    this.text = text;
    const bytes = Buffer.from(text, 'utf8');
    this.nameField = Uint8Array.from([NAME_TAG, ...varint(bytes.length), ...bytes]);
    const message = [...this.nameField];
    if (options.waitTimeoutSeconds !== undefined) {
      message.push(WAIT_TIMEOUT_TAG, ...varint(options.waitTimeoutSeconds));
    }
    if (options.size !== undefined) message.push(SIZE_TAG, ...varint(options.size));
    if (options.lockTimeoutSeconds !== undefined) {
      message.push(...LOCK_TIMEOUT_TAG, ...varint(options.lockTimeoutSeconds));
    }
    this.lockMessage = Uint8Array.from(message);
  }
}

function varint(value: number): Uint8Array {
  const out = new Uint8Array(10);
  return out.subarray(0, writeVarint(out, 0, value));
}
