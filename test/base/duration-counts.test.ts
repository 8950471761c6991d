import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DURATION_WORDS, DurationCounts, readDurations } from '../../src/base/duration-counts.ts';

const unitsMs = [1, 1 / 16, 0.5];

/** How many of the durations are no longer than the bound, by looking at each. */
function countUpTo(durations: readonly number[], boundMs: number): number {
  return durations.filter((ms) => ms <= boundMs).length;
}

describe('DurationCounts', () => {
  it('counts what a look at each duration counts', () => {
    const duration = fc.oneof(
      fc.double({ min: 0, max: 5, noNaN: true }),
      fc.double({ min: 0, max: 1e9, noNaN: true }),
      fc.nat({ max: 2 ** 26 }),
    );
    fc.assert(
      fc.property(fc.array(duration), fc.array(duration), fc.constantFrom(...unitsMs), (one, two, unitMs) => {
        const memories = [new Float64Array(DURATION_WORDS), new Float64Array(DURATION_WORDS)];
        for (const [index, durations] of [one, two].entries()) {
          const counts = new DurationCounts(memories[index], unitMs);
          for (const ms of durations) counts.add(ms);
        }
        const all = [...one, ...two];
        const reading = readDurations(memories, unitMs);
        expect(reading.count).toBe(all.length);
        expect(reading.sumMs).toBeCloseTo(
          all.reduce((sum, ms) => sum + ms, 0),
          3,
        );
        for (const { boundMs, count } of reading.upTo) expect(count).toBe(countUpTo(all, boundMs));
      }),
    );
  });

  it('has bounds that double from its unit on, and takes each bound as the end of its bucket', () => {
    for (const unitMs of unitsMs) {
      const words = new Float64Array(DURATION_WORDS);
      const counts = new DurationCounts(words, unitMs);
      const { upTo } = readDurations([words], unitMs);
      expect(upTo[0]!.boundMs).toBe(unitMs);
      for (const { boundMs } of upTo) counts.add(boundMs);
      expect(readDurations([words], unitMs).upTo.map(({ count }) => count)).toEqual(
        upTo.map((_, i) => i + 1),
      );
      for (const { boundMs } of upTo) counts.add(boundMs * (1 + Number.EPSILON));
      const beyond = readDurations([words], unitMs);
      expect(beyond.upTo.map(({ count }) => count)).toEqual(upTo.map((_, i) => 2 * i + 1));
      expect(beyond.count).toBe(2 * upTo.length);
    }
    expect(readDurations([new Float64Array(DURATION_WORDS)]).upTo.at(-1)!.boundMs).toBe(2 ** 24);
  });

  it('takes what is longer than all bounds, and no time at all', () => {
    const words = new Float64Array(DURATION_WORDS);
    const counts = new DurationCounts(words);
    for (const ms of [2 ** 40, Number.MAX_VALUE, 0, -0, -5]) counts.add(ms);
    const { count, upTo, sumMs } = readDurations([words]);
    expect(count).toBe(5);
    expect(upTo.at(-1)!.count).toBe(3);
    expect(sumMs).toBe(Number.MAX_VALUE + 2 ** 40);
  });
});
