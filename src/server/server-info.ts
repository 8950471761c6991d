import { MetricWord, metricWordsOf } from '../base/metric-words.ts';
import type { ServerOptions } from '../config/server-options.ts';
import type { ServerEngine } from '../engine/engine.ts';
import type { Connections } from './connections.ts';
import type { Endpoints } from './endpoints.ts';
import { packageVersion } from './package-version.ts';
import type { HealthService } from './services/health-service.ts';
import type { SessionDirectory } from './session-directory.ts';

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
  /** Empty when locks live in memory only, or in an ensemble. */
  readonly stateFile: string;
  readonly serving: boolean;
  readonly grpcConnections: number;
  readonly restSessions: number;
  readonly shards: readonly ShardInfo[];
  readonly engine: ServerOptions['engine'];
  /** The connect string of the ensemble that keeps the locks; empty where the server does itself. */
  readonly ensemble: string;
}

/** Where it is known what a server says of itself. */
export interface InfoSources {
  readonly startedAtMs: number;
  readonly options: Pick<ServerOptions, 'stateFile' | 'engine' | 'zookeeperConnect'>;
  readonly engine: Pick<ServerEngine, 'clock' | 'metricMemory' | 'shards'>;
  readonly health: Pick<HealthService, 'serving'>;
  readonly sessions: Pick<SessionDirectory, 'count'>;
  readonly connections: Pick<Connections, 'size'>;
  readonly endpoints: Pick<Endpoints, 'addresses' | 'restAddresses' | 'adminAddresses'>;
}

/** A server as it is at this moment. */
export function describeServer(sources: InfoSources): ServerInfo {
  const { startedAtMs, options, engine, health, sessions, connections, endpoints } = sources;
  return {
    version: packageVersion(),
    startedAtMs,
    uptimeMs: engine.clock.nowMs() - startedAtMs,
    grpcAddresses: endpoints.addresses,
    restAddresses: endpoints.restAddresses,
    adminAddresses: endpoints.adminAddresses,
    stateFile: options.stateFile,
    serving: health.serving,
    grpcConnections: connections.size,
    restSessions: sessions.count('rest'),
    shards: describeShards(engine.metricMemory, engine.shards),
    engine: options.engine,
    ensemble: options.zookeeperConnect,
  };
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
