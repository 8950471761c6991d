import { LockPaths } from '../../../../src/engine/zookeeper/lock-place.ts';
import { ZooKeeperEngine, type ZooKeeperEvents } from '../../../../src/engine/zookeeper/zookeeper-engine.ts';
import type { KeySource } from '../../../../src/shard/key-source.ts';
import type { ModelNodes } from '../../../zookeeper/model/model-nodes.ts';
import type { VirtualTime } from '../../../zookeeper/model/virtual-time.ts';

/** When virtual time begins, by the clock on the wall. */
const WALL_MS = 1_800_000_000_000;

export interface ModelEngineOptions {
  readonly time: VirtualTime;
  readonly nodes: ModelNodes;
  readonly keys: KeySource;
  readonly paths?: LockPaths;
  readonly keepOnSessionEnd?: boolean;
}

/** An engine over a model of ZooKeeper, by the same clock. */
export function openModelEngine(options: ModelEngineOptions, events: ZooKeeperEvents): ZooKeeperEngine {
  const { time, nodes, keys, paths = new LockPaths(), keepOnSessionEnd = false } = options;
  const engine = new ZooKeeperEngine(
    {
      ...{ nodes, keys, paths, keepOnSessionEnd },
      clock: { nowMs: () => WALL_MS + time.nowMs },
      describeSession: (session) => ({ sessionId: String(session), address: 'here', protocol: 'grpc' }),
      end: async () => nodes.close(),
    },
    events,
  );
  void engine.ready();
  return engine;
}
