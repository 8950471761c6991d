import { InlineEngine } from '../../src/engine/inline-engine.ts';
import { RandomKeySource } from '../../src/shard/key-source.ts';
import { EngineCaller } from '../engine/engine-caller.ts';

/** An inline engine that logs; `takeLines` gives the lines since it was called last. */
export function openLogging(logRequests = true) {
  let nowMs = 1_800_000_000_000;
  const clock = { nowMs: () => nowMs };
  const core = { keepOnSessionEnd: false, gcIntervalMs: 3_600_000, gcMinIdleMs: 3_600_000, tokenSeed: 1 };
  const caller = new EngineCaller();
  const engine = new InlineEngine({ clock, keys: new RandomKeySource(), core, logRequests }, caller);
  const work = async (): Promise<void> => {
    while (engine.step());
  };
  const pass = async (ms: number): Promise<void> => {
    nowMs += ms;
    await work();
  };
  caller.attach({ engine, nowMs: clock.nowMs, work, pass });
  const takeLines = () =>
    caller.lines.splice(0).map(({ session, message, attributes }) => [session, message, attributes]);
  return { caller, pass, takeLines };
}
