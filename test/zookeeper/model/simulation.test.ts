import { describe, expect, it } from 'vitest';
import { NAIVE_BUGS } from './naive-bug.ts';
import { naiveLocks } from './naive-locks.ts';
import { Scenario } from './scenario.ts';
import { findViolation, isReplay, simulate } from './simulate.ts';

/**
 * `SCHEDULES` says how many.
 * `SEED=123 npx vitest run --config test/vitest.config.ts test/zookeeper/model/simulation` replays the schedule that failed.
 */
const SCHEDULES = Number(process.env['SCHEDULES'] ?? 5_000);
/** Most mistakes are found within a hundred. */
const SCHEDULES_PER_BUG = 20_000;

describe('a plain recipe in simulation', () => {
  it(`keeps the rules over ${SCHEDULES} schedules`, { timeout: 600_000 }, async () => {
    const totals = await simulate(naiveLocks(), SCHEDULES);
    if (isReplay) return;
    // A simulation in which something never happens proves nothing about it.
    for (const [name, total] of Object.entries(totals)) expect(total, name).toBeGreaterThan(0);
  });

  it.skipIf(isReplay).each(NAIVE_BUGS)('is found out: %s', { timeout: 120_000 }, async (bug) => {
    expect(await findViolation(naiveLocks(bug), SCHEDULES_PER_BUG)).not.toBeNull();
  });

  it('does the same again for the same seed', async () => {
    for (let seed = 1; seed <= 20; seed++) {
      const [first, second] = [1, 2].map(() => new Scenario(seed, naiveLocks(), true));
      await first!.run();
      await second!.run();
      expect(second!.trace).toStrictEqual(first!.trace);
      expect(first!.trace.length).toBeGreaterThan(10);
    }
  });
});
