import type { HeldRecord } from '../../../../src/engine/zookeeper/held-record.ts';
import type { RestorePlan } from '../../../../src/engine/zookeeper/hold-restorer.ts';
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
  /** What tells its process from others that have had its session. */
  readonly process?: string;
  /** Where its session goes when it stops. Default: it ends. */
  readonly keeper?: {
    readonly restore: RestorePlan | null;
    end(held: readonly HeldRecord[]): Promise<void>;
  };
}

/** An engine over a model of ZooKeeper, by the same clock. Whoever makes it lets it be ready. */
export function newModelEngine(options: ModelEngineOptions, events: ZooKeeperEvents): ZooKeeperEngine {
  const { time, nodes, keys, paths = new LockPaths(), keepOnSessionEnd = false, keeper, process } = options;
  return new ZooKeeperEngine(
    {
      ...{ nodes, keys, paths, keepOnSessionEnd },
      ...(process !== undefined && { process }),
      ...{ restore: keeper?.restore ?? null, keepOnStop: keeper !== undefined },
      clock: { nowMs: () => WALL_MS + time.nowMs },
      describeSession: (session) => ({ sessionId: String(session), address: 'here', protocol: 'grpc' }),
      end: async (held) => (keeper === undefined ? nodes.close() : keeper.end(held)),
    },
    events,
  );
}

/** The same, ready for calls. */
export function openModelEngine(options: ModelEngineOptions, events: ZooKeeperEvents): ZooKeeperEngine {
  const engine = newModelEngine(options, events);
  void engine.ready();
  return engine;
}
