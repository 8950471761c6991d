import { describe, expect, it } from 'vitest';
import { percentiles } from '../../src/page/percentile.ts';

describe('percentiles', () => {
  it('lie in their bucket where their rank does', () => {
    expect(percentiles([1, 2, 4], [0, 100, 0, 0], [0.5, 0.9, 1])).toStrictEqual([1.5, 1.9, 2]);
    expect(percentiles([1, 2, 4], [50, 0, 50, 0], [0.25, 0.5, 0.75])).toStrictEqual([0.5, 1, 3]);
  });

  it('are the last bound for what is behind all bounds', () => {
    expect(percentiles([1, 2, 4], [1, 0, 0, 9], [0.05, 0.99])).toStrictEqual([0.5, 4]);
  });

  it('are nothing when there was nothing', () => {
    expect(percentiles([1, 2], [0, 0, 0], [0.5, 0.9])).toStrictEqual([Number.NaN, Number.NaN]);
  });
});
