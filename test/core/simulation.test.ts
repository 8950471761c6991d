import { describe, expect, it } from 'vitest';
import { PairedRun } from './paired-run.ts';
import { seededIntegers } from './random.ts';
import { SlicedRun } from './sliced-run.ts';
import { CHOICE_END, CHOICES_PER_STEP, drawStep, type Step } from './step.ts';

/** `SEED=123 npx vitest run --config test/vitest.config.ts test/core/simulation` replays the run that failed. */
const givenSeed = process.env['SEED'];
const firstSeed = givenSeed === undefined ? Date.now() % 1_000_000_000 : Number(givenSeed);

function drawer(seed: number, sessions: number): (step: number) => Step {
  const draw = seededIntegers(seed);
  const choices = new Array<number>(CHOICES_PER_STEP).fill(0);
  // One run in eight stops its core after a while.
  const stopAt = seed % 8 === 0 ? 1000 + draw(1000) : 0;
  return (step) => {
    if (step === stopAt) return { kind: 'stop', elapsedMs: 1 };
    for (let i = 0; i < CHOICES_PER_STEP; i++) choices[i] = draw(CHOICE_END);
    return drawStep(choices, sessions);
  };
}

/** Runs with seeds from the first on; an error tells the seed, and the step it came at. */
function simulate(runs: number, run: (seed: number, at: (step: number) => void) => void): void {
  for (let i = 0; i < (givenSeed === undefined ? runs : 1); i++) {
    const seed = firstSeed + i;
    let step = 0;
    try {
      run(seed, (at) => {
        step = at;
      });
    } catch (cause) {
      throw new Error(`SEED=${seed} failed at step ${step}: ${String(cause)}`, { cause });
    }
  }
}

describe('LockCore in simulation', () => {
  it('agrees with the model over 600,000 steps', { timeout: 120_000 }, () => {
    const totals = {
      grants: 0,
      expiries: 0,
      waitTimeouts: 0,
      deadlines: 0,
      repeats: 0,
      collections: 0,
      revocations: 0,
    };
    simulate(200, (seed, at) => {
      const draw = drawer(seed, 3 + (seed % 20));
      const paired = new PairedRun({
        keepOnSessionEnd: seed % 3 === 0,
        keepOnStop: seed % 2 === 0,
        gcIntervalMs: 64,
        gcMinIdleMs: 16,
        startMs: 1024,
      });
      for (let step = 1; step <= 3000; step++) {
        at(step);
        paired.take(draw(step));
        if (step % 64 === 0) paired.compareStates();
      }
      for (const name of Object.keys(totals) as (keyof typeof totals)[]) {
        totals[name] += paired.core.counters[name];
      }
    });
    // A simulation in which something never happens proves nothing about it.
    if (givenSeed !== undefined) return;
    for (const [name, total] of Object.entries(totals)) expect(total, name).toBeGreaterThan(0);
  });

  it('keeps its promises over 400,000 steps between small slices of work', { timeout: 120_000 }, () => {
    let sessionReleases = 0;
    let toldHeldLong = 0;
    simulate(100, (seed, at) => {
      const draw = drawer(seed, 3 + (seed % 20));
      const sliced = new SlicedRun({
        keepOnSessionEnd: seed % 5 === 0,
        keepOnStop: seed % 16 === 0,
        gcIntervalMs: 64,
        gcMinIdleMs: 16,
        tokenSeed: 7,
        startMs: 1024,
        sliceCount: 1 + (seed % 4),
        heldLongMs: seed % 2 === 0 ? 0 : 1 + (seed % 300),
      });
      for (let step = 1; step <= 4000; step++) {
        at(step);
        sliced.take(draw(step));
        if (step % 32 === 0) sliced.check();
        if (step % 500 === 0) sliced.settle();
      }
      sliced.finish();
      if (seed % 5 !== 0 && seed % 16 !== 0) expect(sliced.core.counters.holders).toBe(0);
      expect(sliced.core.counters).toMatchObject({ waiters: 0, sessions: 0 });
      sessionReleases += sliced.core.counters.sessionReleases;
      toldHeldLong += sliced.ledger.toldHeldLong;
    });
    if (givenSeed !== undefined) return;
    expect(sessionReleases).toBeGreaterThan(0);
    expect(toldHeldLong).toBeGreaterThan(0);
  });
});
