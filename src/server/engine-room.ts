import { randomInt } from 'node:crypto';
import { AnchoredClock, takeClockAnchor } from '../base/clock.ts';
import type { ServerOptions } from '../config/server-options.ts';
import { ReplyForm } from '../core/reply-form.ts';
import type { ServerEngine } from '../engine/engine.ts';
import { ShardedEngine } from '../engine/sharded-engine.ts';
import { ZooKeeperEngine } from '../engine/zookeeper/zookeeper-engine.ts';
import { RandomKeySource } from '../shard/key-source.ts';
import type { Cluster } from './cluster.ts';
import type { EngineListener } from './engine-listener.ts';
import { ClusterInspector } from './inspection/cluster-inspector.ts';
import { EngineInspector } from './inspection/engine-inspector.ts';
import type { Inspector } from './inspection/inspector.ts';
import type { Logger } from './logger.ts';
import type { SessionDirectory } from './session-directory.ts';
import type { ServerState } from './state.ts';
import { tokenSeedAt } from './token-seed.ts';

/** What a server needs of its engine, and of what looks into it. */
export interface EngineRoom {
  readonly engine: ServerEngine;
  readonly inspector: Inspector & { close(): void };
  /** Whether the locks are divided among threads of this process. */
  readonly isSharded: boolean;
}

export interface EngineRoomParts {
  readonly options: ServerOptions;
  readonly logger: Logger;
  /** Null: what is locked does not outlive the process, or is kept elsewhere. */
  readonly state: ServerState | null;
  /** Null: the locks are in this process. */
  readonly cluster: Cluster | null;
  readonly listener: EngineListener;
  readonly sessions: SessionDirectory;
  readonly pace: () => Promise<void>;
  /** A shard has stopped making progress, or goes on after that. */
  readonly onHealth: (shard: number, healthy: boolean) => void;
  readonly workerUrl: URL | undefined;
}

/** Puts an engine together with what looks into it, as the options say. */
export function openEngineRoom(parts: EngineRoomParts): EngineRoom {
  return parts.cluster === null ? openEmbedded(parts) : openOverZooKeeper(parts, parts.cluster);
}

function openEmbedded(parts: EngineRoomParts): EngineRoom {
  const { options, logger, state, listener, sessions, pace, onHealth, workerUrl } = parts;
  const { lockGcIntervalMs, lockGcMinIdleMs, noClearOnDisconnect, warnHeldLongerThanMs } = options;
  const engine = new ShardedEngine(
    {
      shards: options.shards,
      stallLimitMs: options.shardStallLimitMs,
      spinMs: options.shardSpinMs,
      core: {
        keepOnSessionEnd: noClearOnDisconnect,
        gcIntervalMs: lockGcIntervalMs,
        gcMinIdleMs: lockGcMinIdleMs,
        heldLongMs: warnHeldLongerThanMs,
        keepOnStop: state !== null,
        hashSeed: state?.hashSeed ?? randomInt(2 ** 32),
        ...tokenSeedAt(Date.now()),
      },
      ...{ onHealth, workerUrl, journals: state?.journals },
      logRequests: logger.isLevelEnabled('debug'),
    },
    listener,
  );
  const inspector = new EngineInspector({ engine, sessions, nowMs: () => engine.clock.nowMs(), pace });
  listener.attach(ReplyForm.Inspection, inspector.replies);
  return { engine, inspector, isSharded: true };
}

function openOverZooKeeper(parts: EngineRoomParts, cluster: Cluster): EngineRoom {
  const { nodes, paths, restore, keepsOnStop: keepOnStop } = cluster;
  const { options, logger, listener, sessions } = parts;
  const clock = new AnchoredClock(takeClockAnchor());
  const engine = new ZooKeeperEngine(
    {
      ...{ nodes, clock, keys: new RandomKeySource(), paths },
      keepOnSessionEnd: options.noClearOnDisconnect,
      heldLongMs: options.warnHeldLongerThanMs,
      describeSession: (session) => sessions.find(session) ?? NO_SESSION,
      logRequests: logger.isLevelEnabled('debug'),
      ...{ restore, keepOnStop },
      end: (held) => cluster.end(held),
    },
    listener,
  );
  const local = {
    claimOf: (name: string, key: string) => engine.claimOf(name, key),
    release: engine.release.bind(engine),
  };
  const inspector = new ClusterInspector({ nodes, paths, local, nowMs: () => clock.nowMs() });
  return { engine, inspector, isSharded: false };
}

const NO_SESSION = { sessionId: '', address: '', protocol: '' } as const;
