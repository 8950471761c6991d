import { InlineEngine } from '../../src/engine/inline-engine.ts';
import { RandomKeySource } from '../../src/shard/key-source.ts';
import type { EngineSettings } from './contract.ts';
import type { EngineCaller, OpenEngine } from './engine-caller.ts';

export interface OpenInlineEngine extends OpenEngine {
  readonly engine: InlineEngine;
}

/** An inline engine whose clock runs only in `pass`, and in `work` when there is nothing else to do. */
export async function openInline(
  settings: EngineSettings,
  caller: EngineCaller,
  ringBytes?: number,
): Promise<OpenInlineEngine> {
  let nowMs = 1_800_000_000_000;
  const clock = { nowMs: () => nowMs };
  const core = { ...settings, tokenSeed: 1 };
  const options = { clock, keys: new RandomKeySource(), core, ...(ringBytes !== undefined && { ringBytes }) };
  const engine = new InlineEngine(options, caller);
  const settle = (): boolean => {
    let worked = engine.step();
    const first = worked;
    while (worked) worked = engine.step();
    return first;
  };
  /** Goes from deadline to deadline, as a thread does that sleeps until the next one. */
  const pass = async (ms: number): Promise<void> => {
    const endMs = nowMs + ms;
    settle();
    while (nowMs < endMs) {
      nowMs = Math.min(endMs, Math.max(nowMs, engine.nextWakeMs()));
      settle();
    }
  };
  const work = async (): Promise<void> => {
    if (!settle()) await pass(Math.min(1_000, engine.nextWakeMs() - nowMs));
    // What the engine resolved has its turn.
    await null;
  };
  return { engine, nowMs: clock.nowMs, work, pass };
}
