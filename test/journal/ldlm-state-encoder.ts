import { varint } from '../protocol/protobuf/wire.ts';

interface EncodedLock {
  readonly name: Uint8Array | string;
  readonly key: Uint8Array | string;
  readonly size: number;
}

export interface EncodedSession {
  readonly sessionId: Uint8Array | string;
  readonly locks: readonly EncodedLock[];
}

/** The two ways in which LDLM has written sizes, the later one first. */
export type SizeCoding = 'plain' | 'zigzag';

const terminator = Buffer.of(1, 1, 1, 1);

/** Writes a state file as LDLM does. */
export function encodeLdlmState(sessions: readonly EncodedSession[], coding: SizeCoding = 'plain'): Buffer {
  return list(sessions, ({ sessionId, locks }) =>
    Buffer.concat([
      text(sessionId),
      list(locks, ({ name, key, size }) => Buffer.concat([text(name), text(key), word(size, coding)])),
    ]),
  );
}

function list<T>(elements: readonly T[], encode: (element: T) => Buffer): Buffer {
  return Buffer.concat([varint(elements.length), ...elements.map(encode), terminator]);
}

function text(value: Uint8Array | string): Buffer {
  const bytes = Buffer.from(value);
  return Buffer.concat([varint(bytes.length), bytes]);
}

function word(size: number, coding: SizeCoding): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32LE(coding === 'plain' ? size : (size << 1) ^ (size >> 31));
  return bytes;
}
