import { expect, it } from 'vitest';
import { isReplay, simulateRuns } from '../../zookeeper/model/simulate.ts';
import { EngineScenario } from './model/engine-scenario.ts';

/** `SCHEDULES` says how many; `SEED` replays one that failed, with what happened. */
const schedules = Number(process.env['SCHEDULES'] ?? 2_400);

it(`engines of several servers keep the rules over ${schedules} schedules of clients and faults`, {
  timeout: 900_000,
}, async () => {
  const totals = await simulateRuns((seed, isTraced) => new EngineScenario(seed, isTraced), schedules);
  if (isReplay) return;
  // A simulation in which something never happens proves nothing about it.
  for (const [name, total] of Object.entries(totals)) expect(total, name).toBeGreaterThan(0);
});

it('a schedule is the same again for the same seed', async () => {
  for (let seed = 1; seed <= 20; seed++) {
    const [first, second] = [1, 2].map(() => new EngineScenario(seed, true));
    await first!.run();
    await second!.run();
    expect(second!.trace).toStrictEqual(first!.trace);
    expect(first!.trace.length).toBeGreaterThan(10);
  }
});
