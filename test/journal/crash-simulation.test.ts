import { describe, expect, it } from 'vitest';
import { CrashRun } from './crash-run.ts';

/**
 * `CRASHES` says how many, see `npm run test:crashes`.
 * `SEED=123 npx vitest run --config test/vitest.config.ts test/journal/crash-simulation` replays the run that failed.
 */
const givenSeed = process.env['SEED'];
const firstSeed = givenSeed === undefined ? Date.now() % 1_000_000_000 : Number(givenSeed);
const CRASHES = Number(process.env['CRASHES'] ?? 5_000);
const CRASHES_PER_RUN = 20;

describe('a shard with a journal', () => {
  it(`keeps what it has promised over ${CRASHES} crashes`, { timeout: 1_800_000 }, () => {
    const totals: Record<string, number> = {};
    const runs = givenSeed === undefined ? Math.ceil(CRASHES / CRASHES_PER_RUN) : 1;
    for (let i = 0; i < runs; i++) {
      const seed = firstSeed + i;
      const run = new CrashRun(seed);
      try {
        while (run.totals.crashes < CRASHES_PER_RUN) run.liveAndCrash();
      } catch (cause) {
        throw new Error(`SEED=${seed} failed at crash ${run.totals.crashes}: ${String(cause)}`, { cause });
      }
      for (const [name, count] of Object.entries({ ...run.totals, ...run.clients.totals })) {
        totals[name] = (totals[name] ?? 0) + count;
      }
    }
    // A simulation in which something never happens proves nothing about it.
    if (givenSeed !== undefined) return;
    for (const [name, total] of Object.entries(totals)) expect(total, name).toBeGreaterThan(0);
  });
});
