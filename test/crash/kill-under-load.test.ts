import { afterAll, expect, it } from 'vitest';
import { CrashRun } from './crash-run.ts';

const rounds = Number(process.env['CRASH_ROUNDS'] ?? 300);
const firstSeed = Number(process.env['CRASH_SEED'] ?? Date.now() % 1_000_000_000);
const ROUND_MS_MAX = 20_000;

const run = new CrashRun();
let hasFailed = true;
afterAll(() => run.close(hasFailed));

it(`keeps what it has acknowledged in ${rounds} rounds`, { timeout: rounds * ROUND_MS_MAX }, async () => {
  const { ledger, counts } = run;
  const startMs = performance.now();
  for (let round = 0; round < rounds; round++) {
    const seed = firstSeed + round;
    const where = `round ${round} of seed ${seed}, state kept in ${run.folder}`;
    await run.round(seed).catch((error: unknown) => {
      throw new Error(`${where}: ${String(error)}`, { cause: error });
    });
    expect(ledger.violations, where).toEqual([]);
    if ((round + 1) % 50 === 0) say(`${round + 1} rounds, ${ledger.acknowledged} acknowledged operations`);
  }
  await run.finish(firstSeed + rounds);
  expect(ledger.violations, 'at the end').toEqual([]);
  const msEach = Math.round((performance.now() - startMs) / rounds);
  const { acknowledged, unanswered } = ledger;
  const bound = (3 / acknowledged).toExponential(1);
  say(`0 lost in ${acknowledged} acknowledged operations (< ${bound} at 95 %), ${unanswered} unanswered`);
  say(`${counts.rounds} rounds of ${msEach} ms: ${JSON.stringify(counts)}`);
  // A run in which nothing happens proves nothing.
  expect(acknowledged).toBeGreaterThan(rounds * 50);
  hasFailed = false;
});

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
