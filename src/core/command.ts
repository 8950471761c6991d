import { LockKey } from './lock-key.ts';
import { Origin } from './origin.ts';

/**
 * Commands are mutable and reused: whoever decodes a request fills every field, hands the object to the core and
 * fills it again for the next one. The core copies what it keeps.
 *
 * Names, holder texts and request ids are **byte strings**: one character for each byte of the UTF-8 (or raw)
 * form, as `buffer.latin1Slice` gives them. They compare and hash exactly like the bytes and cost nothing to decode.
 */
export class LockCommand {
  readonly origin = new Origin();
  /** TryLock: never wait. */
  tryOnly = false;
  name = '';
  /** As sent; absent is 1. Signed 32 bits. */
  size = 1;
  /** As sent; absent or 0 is 1. Unsigned 32 bits. */
  permits = 1;
  /** As sent, so it may be a number that is no mode. */
  mode = 0;
  /** Absent or 0: the lock has no timeout. Negative values are refused by the core. */
  lockTimeoutMs = 0;
  /** Absent or 0: wait for ever. Negative values are refused by the core. */
  waitTimeoutMs = 0;
  /** The caller's own deadline in wall milliseconds, Infinity for none: after it nobody waits for the reply. */
  deadlineMs = Number.POSITIVE_INFINITY;
  /** Byte string; empty when absent. */
  requestId = '';
  /** Byte string; empty when absent. */
  holder = '';
  /** A fresh random key, used if the lock is granted. */
  readonly key = new LockKey();
}

export class UnlockCommand {
  name = '';
  readonly key = new LockKey();
  /** False when the bytes sent are no key that this server could have made, so that it can match nothing. */
  keyValid = false;
  /** The number of bytes of the key that were sent, for the length check. */
  keyBytes = 0;
  /** Byte string; empty when absent. */
  requestId = '';
}

export class RenewCommand {
  name = '';
  readonly key = new LockKey();
  keyValid = false;
  keyBytes = 0;
  /** As sent; absent is 0, which is refused like a negative one. */
  lockTimeoutMs = 0;
}
