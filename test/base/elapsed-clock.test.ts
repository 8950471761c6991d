import { expect, it } from 'vitest';
import { ElapsedClock } from '../../src/base/elapsed-clock.ts';

function openClock() {
  const time = { wallMs: 1_800_000_000_000, monotonicMs: 50 };
  const clock = new ElapsedClock(
    () => time.wallMs,
    () => time.monotonicMs,
  );
  const pass = (wallMs: number, monotonicMs: number): number => {
    time.wallMs += wallMs;
    time.monotonicMs += monotonicMs;
    return clock.nowMs();
  };
  return { pass };
}

it('counts what the monotonic clock says', () => {
  const { pass } = openClock();
  expect([pass(1_000, 1_000), pass(11, 10.25), pass(0, 0.5)]).toEqual([1_000, 1_010.25, 1_010.75]);
});

it('counts the time in which the machine was suspended', () => {
  const { pass } = openClock();
  expect(pass(3_600_000, 5)).toBe(3_599_999);
});

it('does not stand still when the wall clock is set back', () => {
  const { pass } = openClock();
  expect([pass(-3_600_000, 20), pass(30, 30)]).toEqual([20, 50]);
});

it('never runs back', () => {
  const { pass } = openClock();
  expect(pass(-5, -5)).toBe(0);
});
