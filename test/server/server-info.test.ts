import { describe, expect, it } from 'vitest';
import { createMetricMemory, MetricWord, metricWordsOf } from '../../src/base/metric-words.ts';
import { describeShards } from '../../src/server/server-info.ts';

describe('describeShards', () => {
  it('takes what each shard holds from its own words', () => {
    const memory = createMetricMemory(2);
    const words = metricWordsOf(memory, 1);
    words[MetricWord.Locks] = 5;
    words[MetricWord.Holders] = 4;
    words[MetricWord.Waiters] = 3;
    words[MetricWord.Grants] = 2 ** 40;
    words[MetricWord.Expiries] = 1;
    const none = { locks: 0, holders: 0, waiters: 0, grants: 0, expiries: 0 };
    expect(describeShards(memory, 2)).toEqual([
      { shard: 0, ...none },
      { shard: 1, locks: 5, holders: 4, waiters: 3, grants: 2 ** 40, expiries: 1 },
    ]);
  });
});
