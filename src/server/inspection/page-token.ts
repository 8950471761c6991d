import { PageTokenError } from './inspector.ts';

/** Where a listing goes on. */
export interface ListPosition {
  readonly shard: number;
  /** The row of the shard's lock table, from 1 on. */
  readonly row: number;
}

const TOKEN_BYTES = 12;

/**
 * Says where the next page begins: the shard, the row, and the boot of the server, because the rows of another boot are
 * other locks. Nothing is remembered of a listing between two pages; it is all in the token.
 */
export function encodePageToken({ shard, row }: ListPosition, boot: number): string {
  const bytes = Buffer.alloc(TOKEN_BYTES);
  bytes.writeUInt32LE(boot, 0);
  bytes.writeUInt32LE(shard, 4);
  bytes.writeUInt32LE(row, 8);
  return bytes.toString('base64url');
}

/**
 * Reads a token; the empty one stands for the beginning.
 *
 * @throws PageTokenError for what this server, since it was started, cannot have given
 */
export function decodePageToken(token: string, boot: number, shards: number): ListPosition {
  if (token === '') return { shard: 0, row: 1 };
  const bytes = Buffer.from(token, 'base64url');
  if (bytes.length !== TOKEN_BYTES || bytes.toString('base64url') !== token) throw new PageTokenError();
  const [shard, row] = [bytes.readUInt32LE(4), bytes.readUInt32LE(8)];
  if (bytes.readUInt32LE(0) !== boot || shard >= shards || row === 0) throw new PageTokenError();
  return { shard, row };
}
