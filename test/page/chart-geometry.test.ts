import { describe, expect, it } from 'vitest';
import {
  areaBelow,
  indexAt,
  linearScale,
  linePath,
  logScale,
  niceCeiling,
} from '../../src/page/chart-geometry.ts';

const area = { width: 40, height: 100 };

describe('the top of a chart', () => {
  it.each([
    [0, 1],
    [1, 1],
    [1.1, 2],
    [3, 5],
    [7, 10],
    [10, 10],
    [101, 200],
    [50_000, 50_000],
  ])('for %d is %d', (value, top) => expect(niceCeiling(value, 1)).toBe(top));
});

describe('a scale', () => {
  it('goes from 0 to a round number', () => {
    const scale = linearScale(37);
    expect([scale.top, scale.ticks]).toStrictEqual([50, [0, 25, 50]]);
    expect([scale.place(0), scale.place(25), scale.place(50)]).toStrictEqual([0, 0.5, 1]);
  });

  it('goes by powers of ten for durations, with four lines at most', () => {
    const scale = logScale(1, 900);
    expect(scale.ticks).toStrictEqual([1, 10, 100, 1_000]);
    expect([scale.place(1), scale.place(1_000)]).toStrictEqual([0, 1]);
    expect(scale.place(10)).toBeCloseTo(1 / 3);
    expect([scale.place(0), scale.place(1e9)]).toStrictEqual([0, 1]);
    expect(logScale(0.01, 1e7).ticks.length).toBeLessThanOrEqual(4);
    expect(logScale(5, 5).ticks).toStrictEqual([1, 10]);
  });
});

describe('a line', () => {
  const scale = linearScale(10);

  it('ends at the right edge', () => {
    expect(linePath([0, 5, 10], 5, scale, area)).toBe('M20 100L30 50L40 0');
    expect(linePath([], 5, scale, area)).toBe('');
  });

  it('is broken where there is nothing, and shows a lone value', () => {
    expect(linePath([0, 0, Number.NaN, 10, Number.NaN], 5, scale, area)).toBe('M0 100L10 100M29 0H30');
  });

  it('has an area below each of its parts', () => {
    const line = linePath([0, 5, Number.NaN, 10, 10], 5, scale, area);
    expect(areaBelow(line, area)).toBe('M0 100L10 50V100H0ZM30 0L40 0V100H30Z');
    expect(areaBelow('M29 0H30', area)).toBe('');
  });
});

describe('the value that is pointed at', () => {
  it('is the nearest one', () => {
    expect([20, 24, 26, 40, 99].map((x) => indexAt(x, 3, 5, area))).toStrictEqual([0, 0, 1, 2, 2]);
  });

  it('is none to the left of the line, nor without one', () => {
    expect([indexAt(10, 3, 5, area), indexAt(40, 0, 5, area)]).toStrictEqual([null, null]);
  });
});
