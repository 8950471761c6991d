import { setTimeout as sleep } from 'node:timers/promises';
import { ShardedEngine, type ShardedEngineOptions } from '../../src/engine/sharded-engine.ts';
import type { EngineSettings } from './contract.ts';
import type { EngineCaller, OpenEngine } from './engine-caller.ts';

export interface OpenShardedEngine extends OpenEngine {
  readonly engine: ShardedEngine;
}

/** A sharded engine of two threads. */
export async function openSharded(
  core: EngineSettings,
  caller: EngineCaller,
  options: Partial<ShardedEngineOptions> = {},
): Promise<OpenShardedEngine> {
  const onHealth = (): void => {};
  const engine = new ShardedEngine(
    { shards: 2, stallLimitMs: 60_000, core: { ...core, tokenSeed: 1 }, onHealth, ...options },
    caller,
  );
  await engine.ready();
  return {
    engine,
    nowMs: () => engine.clock.nowMs(),
    work: () => sleep(1),
    pass: async (ms) => {
      await sleep(ms);
    },
  };
}
