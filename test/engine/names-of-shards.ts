import { hashName, shardOf } from '../../src/base/name-hash.ts';

/** A name that begins with `prefix` and belongs to this shard. */
export function nameOfShard(prefix: string, shard: number, shards = 2): string {
  for (let i = 0; ; i++) {
    const name = Buffer.from(`${prefix}/${i}`);
    if (shardOf(hashName(name, 0, name.length), shards) === shard) return name.toString();
  }
}
