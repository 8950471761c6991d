/** What an inspection asks a shard for. */
export const InspectOp = {
  /** Some locks from a row on. */
  List: 1,
  /** One lock by its name. */
  Get: 2,
  /** Release holders of a lock. */
  Unlock: 3,
  /** Tell everything that happens, from a snapshot on. */
  Watch: 4,
  /** The listener of a watch has taken so many characters of what it was sent. */
  Credit: 5,
  /** The watch ends; it is answered with an empty list of steps, the last that comes of it. */
  Unwatch: 6,
} as const;

export type InspectOp = (typeof InspectOp)[keyof typeof InspectOp];

/** The body of an `Inspect` record. What an operation has no use for is 0, false or empty. */
export interface InspectRequest {
  readonly op: InspectOp;
  /** List, Get: tell who waits, too. */
  readonly waiters: boolean;
  /** Unlock: all holders. */
  readonly all: boolean;
  /** List: the row of the lock to begin at. Unlock of all: the row of the claim to begin at; 0 for the beginning. */
  readonly row: number;
  /** Unlock of all: the generation of that row; if it is another by now, the walk begins anew. */
  readonly generation: number;
  /** List: the most locks to tell. Unlock: the most holders to release. Credit: the characters. */
  readonly countMax: number;
  /** Unlock: only grants up to this fencing token; `high` 0 for any. */
  readonly tokenHigh: number;
  readonly tokenLow: number;
  /** Unlock: a key or the beginning of one, in ASCII. */
  readonly key: string;
  /** The name of a lock, or what names begin with, as a byte string. */
  readonly name: string;
}

const HEAD_BYTES = 24;
const WAITERS = 1;
const ALL = 2;

/** The fields of a request that an operation does not need. */
const NOTHING: Omit<InspectRequest, 'op'> = {
  waiters: false,
  all: false,
  row: 0,
  generation: 0,
  countMax: 0,
  tokenHigh: 0,
  tokenLow: 0,
  key: '',
  name: '',
};

export function encodeInspectRequest(request: Pick<InspectRequest, 'op'> & Partial<InspectRequest>): Buffer {
  const { op, waiters, all, row, generation, countMax, tokenHigh, tokenLow, key, name } = {
    ...NOTHING,
    ...request,
  };
  const bytes = Buffer.alloc(HEAD_BYTES + key.length + name.length);
  bytes[0] = op;
  bytes[1] = (waiters ? WAITERS : 0) | (all ? ALL : 0);
  bytes.writeUInt16LE(key.length, 2);
  bytes.writeUInt32LE(row, 4);
  bytes.writeUInt32LE(countMax, 8);
  bytes.writeUInt32LE(tokenHigh, 12);
  bytes.writeUInt32LE(tokenLow, 16);
  bytes.writeUInt32LE(generation, 20);
  bytes.write(key, HEAD_BYTES, 'latin1');
  bytes.write(name, HEAD_BYTES + key.length, 'latin1');
  return bytes;
}

/** Reads what {@link encodeInspectRequest} has written to `bytes[start, end)`. */
export function decodeInspectRequest(bytes: Buffer, start: number, end: number): InspectRequest {
  const flags = bytes[start + 1]!;
  const keyStart = start + HEAD_BYTES;
  const nameStart = keyStart + bytes.readUInt16LE(start + 2);
  return {
    op: bytes[start] as InspectOp,
    waiters: (flags & WAITERS) !== 0,
    all: (flags & ALL) !== 0,
    row: bytes.readUInt32LE(start + 4),
    countMax: bytes.readUInt32LE(start + 8),
    tokenHigh: bytes.readUInt32LE(start + 12),
    tokenLow: bytes.readUInt32LE(start + 16),
    generation: bytes.readUInt32LE(start + 20),
    key: bytes.latin1Slice(keyStart, nameStart),
    name: bytes.latin1Slice(nameStart, end),
  };
}
