import { Buffer } from 'node:buffer';
import type { LockName } from './lock-name.ts';
import type { CallMethod } from './request-heads.ts';

/** Longer keys than this server's 36 characters fit, too: the other servers may make them otherwise. */
const KEY_BYTES_MAX = 126;

/** One call in flight of a connection, used again for the next one: what was asked, and what the reply said. */
export class CallSlot {
  readonly index: number;
  method: CallMethod = 'Lock';
  name: LockName;
  /** The stream of the call; 0 while none is in flight. */
  stream = 0;
  sentMs = 0;
  /** `locked` or `unlocked` of the reply. */
  done = false;
  /** The error code of the reply; -1 without an error. */
  errorCode = -1;
  readonly key = Buffer.alloc(KEY_BYTES_MAX);
  keyBytes = 0;
  /** The fencing token of the reply; read only when the connection is told to. */
  token = 0n;

  constructor(index: number, name: LockName) {
    this.index = index;
    this.name = name;
  }
}
