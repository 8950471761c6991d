import { byteStringOf, isHashed, textOf } from './lock-place.ts';

/** What the node above a lock's contenders says: the size, and the name where its own does not. */
export interface BaseData {
  /** Null: nobody has said. */
  readonly size: number | null;
  /** As a byte string; null: it stands in the node's name. */
  readonly name: string | null;
}

const SIZE_MAX = 2 ** 31 - 1;

/** Digits, as kazoo's semaphore has them, and behind a line's end the name of the lock where the node's name is a hash. */
export function encodeBaseData(node: string, size: number, name: string): Buffer {
  return Buffer.from(isHashed(node) ? `${size}\n${textOf(name)}` : String(size));
}

/** Null: it is something that we do not write. */
export function decodeBaseData(data: Buffer): BaseData | null {
  if (data.length === 0) return { size: null, name: null };
  const text = data.toString('utf8');
  const match = /^([1-9]\d{0,9})(?:\n([\s\S]+))?$/.exec(text);
  if (match === null) return null;
  // No request can ask for more.
  if (Number(match[1]) > SIZE_MAX) return null;
  const name = match[2];
  return { size: Number(match[1]), name: name === undefined ? null : byteStringOf(name) };
}
