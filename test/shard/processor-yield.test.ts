import { expect, it } from 'vitest';
import { loadProcessorYield } from '../../src/shard/processor-yield.ts';

it('yields by sched_yield, which has nothing to complain of', async () => {
  const yieldProcessor = await loadProcessorYield();
  expect(yieldProcessor).not.toBeNull();
  expect(yieldProcessor!()).toBe(0);
});
