import { describe, expect, it } from 'vitest';
import { MetricBlock } from '../../src/base/metric-words.ts';
import { Method } from '../../src/contract/method.ts';
import { Refusals } from '../../src/contract/refusal.ts';
import { Outcome, outcomeIndex, outcomeOf } from '../../src/shard/outcome.ts';

describe('outcomes', () => {
  it('of a refusal are those of its error code', () => {
    expect(outcomeOf(null, Outcome.Held)).toBe(Outcome.Held);
    expect(outcomeOf(Refusals.sizeMismatch, Outcome.Held)).toBe(Outcome.LockSizeMismatch);
    for (const refusal of Object.values(Refusals)) expect(outcomeOf(refusal, Outcome.Ok)).toBe(refusal.code);
  });

  it('have a place of their own for each method', () => {
    const places = [0, ...Object.values(Method)].flatMap((method) =>
      Object.values(Outcome).map((outcome) => outcomeIndex(method, outcome)),
    );
    expect(new Set(places).size).toBe(places.length);
    expect(Math.min(...places)).toBe(0);
    expect(Math.max(...places)).toBeLessThan(MetricBlock.Replies.length);
  });
});
