/** The entry of a shard's thread, started by src/engine/shard-pool.ts: everything else is in src/shard. */
export { runShard as default } from '../src/shard/shard-task.ts';
