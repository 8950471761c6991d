const fnvOffsetBasis = 0x811c_9dc5;
const fnvPrime = 0x0100_0193;

/**
 * FNV-1a with 32 bits over the bytes from `start` to `end`, as an unsigned integer: for the few bytes of a lock name
 * nothing in JavaScript is cheaper. Source: RFC 9923.
 */
export function hashName(bytes: Uint8Array, start: number, end: number): number {
  let hash = fnvOffsetBasis;
  for (let i = start; i < end; i++) hash = Math.imul(hash ^ bytes[i]!, fnvPrime);
  return hash >>> 0;
}

/**
 * The shard, from 0 to `shards` - 1, that owns the names with this hash.
 *
 * The lowest bit of FNV-1a is nothing but the parity of the name's bytes (its prime is odd), so that names like
 * `job-11`, `job-22`, `job-33` would all meet in one of two shards. The finaliser of MurmurHash3 spreads every bit
 * over all of them before the remainder is taken.
 */
export function shardOf(hash: number, shards: number): number {
  hash = Math.imul(hash ^ (hash >>> 16), 0x85eb_ca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2_ae35);
  return ((hash ^ (hash >>> 16)) >>> 0) % shards;
}
