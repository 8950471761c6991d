import { setTimeout as sleep } from 'node:timers/promises';
import { AnchoredClock, takeClockAnchor } from '../../../src/base/clock.ts';
import { LockPaths } from '../../../src/engine/zookeeper/lock-place.ts';
import { ZooKeeperEngine } from '../../../src/engine/zookeeper/zookeeper-engine.ts';
import { RandomKeySource } from '../../../src/shard/key-source.ts';
import { ZooKeeperClient } from '../../../src/zookeeper/zookeeper-client.ts';
import { describeEngine, type EngineSettings } from '../../engine/contract.ts';
import type { EngineCaller, OpenEngine } from '../../engine/engine-caller.ts';
import { sharedZooKeeper } from './zookeeper-server.ts';

const server = sharedZooKeeper();

async function openOverZooKeeper(
  { keepOnSessionEnd }: EngineSettings,
  caller: EngineCaller,
): Promise<OpenEngine> {
  const nodes = await ZooKeeperClient.connect(server().address);
  const clock = new AnchoredClock(takeClockAnchor());
  const engine = new ZooKeeperEngine(
    {
      ...{ nodes, clock, keys: new RandomKeySource(), paths: new LockPaths(), keepOnSessionEnd },
      describeSession: () => ({ sessionId: '', address: '', protocol: '' }),
      end: () => nodes.close(),
    },
    Object.assign(caller, { locksLost: () => {} }),
  );
  return {
    engine,
    nowMs: () => clock.nowMs(),
    work: () => sleep(1),
    pass: async (ms) => {
      await sleep(ms);
    },
  };
}

// Permits of more than one and the collection of idle locks are not what ZooKeeper's queues and containers have.
describeEngine('the engine over ZooKeeper', openOverZooKeeper, { permits: false, collection: false });
