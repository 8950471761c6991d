/** The tags of the fields that are moved: name and key of LockResponse, and the same of UnlockRequest. */
const REPLY_NAME_TAG = 0x12;
const REPLY_KEY_TAG = 0x1a;
const UNLOCK_NAME_TAG = 0x0a;
const UNLOCK_KEY_TAG = 0x12;

/**
 * Turns the LockResponse of a grant that nobody received into the UnlockRequest that gives the lock back. Both hold
 * name and key as strings under different numbers, so it is a copy with other tags. The message is one that a
 * shard has encoded, so it is not checked.
 */
export function unlockRequestFor(message: Uint8Array): Buffer {
  const out = Buffer.alloc(message.length);
  let length = 0;
  let position = 0;
  while (position < message.length) {
    const field = position;
    const tag = message[position++]!;
    let value = 0;
    let shift = 0;
    // The fencing token has a two-byte tag and ten bytes of value at most; only the key and name matter before it.
    if (tag !== REPLY_NAME_TAG && tag !== REPLY_KEY_TAG) {
      if (tag >= 0x80) break;
      position++;
      continue;
    }
    for (;;) {
      const byte = message[position++]!;
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) break;
      shift += 7;
    }
    position += value;
    out.set(message.subarray(field, position), length);
    out[length] = tag === REPLY_NAME_TAG ? UNLOCK_NAME_TAG : UNLOCK_KEY_TAG;
    length += position - field;
  }
  return out.subarray(0, length);
}
