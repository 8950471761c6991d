import { MetricWord, metricWordsOf } from '../base/metric-words.ts';

/** What a shard holds, as of the end of its last turn. */
export interface ShardInfo {
  readonly shard: number;
  /** Also idle ones that are not collected yet. */
  readonly locks: number;
  readonly holders: number;
  readonly waiters: number;
  /** Since the start. */
  readonly grants: number;
  readonly expiries: number;
}

/** What a server says of itself to its operator. Times are wall milliseconds. */
export interface ServerInfo {
  readonly version: string;
  readonly startedAtMs: number;
  readonly uptimeMs: number;
  /** `host:port` of the listeners. */
  readonly grpcAddresses: readonly string[];
  readonly restAddresses: readonly string[];
  readonly adminAddresses: readonly string[];
  /** Empty when locks live in memory only. */
  readonly stateFile: string;
  readonly serving: boolean;
  readonly grpcConnections: number;
  readonly restSessions: number;
  readonly shards: readonly ShardInfo[];
}

/** What all shards hold, from their metric words. */
export function describeShards(metricMemory: SharedArrayBuffer, shards: number): ShardInfo[] {
  return Array.from({ length: shards }, (_, shard) => {
    const words = metricWordsOf(metricMemory, shard);
    return {
      shard,
      locks: words[MetricWord.Locks]!,
      holders: words[MetricWord.Holders]!,
      waiters: words[MetricWord.Waiters]!,
      grants: words[MetricWord.Grants]!,
      expiries: words[MetricWord.Expiries]!,
    };
  });
}
