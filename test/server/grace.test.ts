import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { Grace } from '../../src/server/grace.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

it('waits for a step, and for all steps together no longer than it lasts', async () => {
  const grace = new Grace(1_000);
  await grace.orSooner(Promise.resolve());
  let passed = false;
  const endless = grace.orSooner(new Promise(() => {})).then(() => {
    passed = true;
  });
  await vi.advanceTimersByTimeAsync(999);
  expect(passed).toBe(false);
  await vi.advanceTimersByTimeAsync(1);
  await endless;
  await grace.orSooner(new Promise(() => {}));
});

it('keeps no timer once it is cleared', () => {
  new Grace(1_000).clear();
  expect(vi.getTimerCount()).toBe(0);
});
