import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PairedRun } from './paired-run.ts';
import { CHOICE_END, CHOICES_PER_STEP, drawStep } from './step.ts';

const SESSIONS = 4;
const choices = fc.array(fc.nat(CHOICE_END - 1), {
  minLength: CHOICES_PER_STEP,
  maxLength: CHOICES_PER_STEP,
});

describe('LockCore against the model', () => {
  const keeping = {
    nothing: {},
    keepOnSessionEnd: { keepOnSessionEnd: true },
    keepOnStop: { keepOnStop: true },
  };
  for (const [title, keep] of Object.entries(keeping)) {
    it(`agrees on every answer and the whole state, ${title} kept`, () => {
      fc.assert(
        fc.property(
          fc.array(choices, { maxLength: 80, size: 'max' }),
          fc.option(fc.nat(80)),
          (run, stopAt) => {
            const paired = new PairedRun({
              keepOnSessionEnd: false,
              ...keep,
              gcIntervalMs: 50,
              gcMinIdleMs: 20,
              startMs: 1024,
            });
            for (const [i, step] of run.entries()) {
              paired.take(i === stopAt ? { kind: 'stop', elapsedMs: 1 } : drawStep(step, SESSIONS));
              paired.compareStates();
            }
          },
        ),
        { numRuns: 400 },
      );
    });
  }

  it('sees a lock held, waited for, expired and handed on', () => {
    // A fixed run, so that what the property takes for granted is known to happen at all.
    const paired = new PairedRun({
      keepOnSessionEnd: false,
      gcIntervalMs: 50,
      gcMinIdleMs: 20,
      startMs: 1024,
    });
    const lock = {
      kind: 'lock',
      elapsedMs: 1,
      tryOnly: false,
      session: 0,
      late: false,
      name: 'a',
      size: 1,
      permits: 0,
      mode: 0,
      lockTimeoutMs: 30,
      waitTimeoutMs: 0,
      callerMs: Number.POSITIVE_INFINITY,
      requestId: 'none',
      holder: '',
      flaw: {},
    } as const;
    paired.take(lock);
    paired.take({ ...lock, session: 1 });
    expect(paired.core.counters).toMatchObject({ holders: 1, waiters: 1, grants: 1 });
    paired.take({ kind: 'advance', elapsedMs: 30 });
    expect(paired.core.counters).toMatchObject({ holders: 1, waiters: 0, grants: 2, expiries: 1 });
    paired.compareStates();
  });
});
