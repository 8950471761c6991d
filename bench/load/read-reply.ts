import type { CallSlot } from './call-slot.ts';

const DONE_FIELD = 1;
const NAME_FIELD = 2;
const KEY_FIELD = 3;
const TOKEN_FIELD = 1000;

/**
 * Reads a LockResponse or UnlockResponse into the slot. Field 3 is the key in the one and the error in the other, so
 * the slot's method decides.
 */
export function readReply(
  slot: CallSlot,
  bytes: Uint8Array,
  start: number,
  end: number,
  withToken: boolean,
): void {
  const isLock = slot.method !== 'Unlock';
  slot.done = false;
  slot.errorCode = -1;
  let position = start;
  while (position < end) {
    let tag = bytes[position++]!;
    if (tag >= 0x80) {
      if (!withToken) return;
      tag = (tag & 0x7f) | (bytes[position++]! << 7);
    }
    const field = tag >>> 3;
    if ((tag & 7) === 0) {
      if (field === DONE_FIELD) slot.done = bytes[position] === 1;
      if (field === TOKEN_FIELD) slot.token = readBigVarint(bytes, position);
      while (bytes[position]! >= 0x80) position++;
      position++;
      continue;
    }
    let length = bytes[position++]!;
    if (length >= 0x80) length = (length & 0x7f) | (bytes[position++]! << 7);
    if (field === KEY_FIELD && isLock) {
      for (let i = 0; i < length; i++) slot.key[i] = bytes[position + i]!;
      slot.keyBytes = length;
    } else if (field !== NAME_FIELD) {
      slot.errorCode = length > 1 && bytes[position] === 0x08 ? bytes[position + 1]! : 0;
    }
    position += length;
  }
}

function readBigVarint(bytes: Uint8Array, position: number): bigint {
  let value = 0n;
  for (let shift = 0n; ; shift += 7n) {
    const byte = bytes[position++]!;
    value |= BigInt(byte & 0x7f) << shift;
    if (byte < 0x80) return value;
  }
}
