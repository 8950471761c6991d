import { describe, expect, it } from 'vitest';
import { busiestShare } from '../../src/page/shard-balance.ts';

describe('the share of the busiest shard', () => {
  it('is how many times the mean it does', () => {
    expect(busiestShare([5, 5, 5])).toBe(1);
    expect(busiestShare([8, 0, 0, 0])).toBe(4);
    expect(busiestShare([3, 1])).toBe(1.5);
  });

  it('is nothing when nothing is done', () => {
    expect(busiestShare([0, 0])).toBeNull();
  });
});
