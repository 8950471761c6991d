import { describe, expect, it } from 'vitest';
import { DurationCounts } from '../../../src/base/duration-counts.ts';
import {
  createMetricMemory,
  MetricBlock,
  MetricWord,
  metricBlockOf,
  metricWordsOf,
  SYNC_UNIT_MS,
} from '../../../src/base/metric-words.ts';
import { Method } from '../../../src/contract/method.ts';
import { ShardReadings } from '../../../src/server/metrics/shard-readings.ts';
import { Outcome, outcomeIndex } from '../../../src/shard/outcome.ts';

describe('ShardReadings', () => {
  it('reads the words of each shard as they are now', () => {
    const memory = createMetricMemory(3);
    const readings = new ShardReadings(memory, 3);
    for (const shard of [0, 1, 2]) metricWordsOf(memory, shard)[MetricWord.Locks] = 10 ** shard;
    expect([0, 1, 2].map((shard) => readings.of(shard, MetricWord.Locks))).toEqual([1, 10, 100]);
    expect(readings.sum(MetricWord.Locks)).toBe(111);
    expect(readings.max(MetricWord.Locks)).toBe(100);
    metricWordsOf(memory, 0)[MetricWord.Locks] = 5;
    expect(readings.sum(MetricWord.Locks)).toBe(115);
  });

  it('adds up replies and durations over all shards', () => {
    const memory = createMetricMemory(2);
    const readings = new ShardReadings(memory, 2);
    for (const shard of [0, 1]) {
      const words = metricWordsOf(memory, shard);
      metricBlockOf(words, MetricBlock.Replies)[outcomeIndex(Method.Renew, Outcome.Deadline)] = 3 + shard;
      new DurationCounts(metricBlockOf(words, MetricBlock.Waits)).add(3);
      words[MetricWord.ImmediateGrants] = 5;
      new DurationCounts(metricBlockOf(words, MetricBlock.Holds)).add(100);
      new DurationCounts(metricBlockOf(words, MetricBlock.Syncs), SYNC_UNIT_MS).add(0.1);
    }
    expect(readings.replies(Method.Renew, Outcome.Deadline)).toBe(7);
    expect(readings.replies(Method.Lock, Outcome.Deadline)).toBe(0);
    expect([readings.waits(), readings.holds(), readings.syncs()].map(({ count }) => count)).toEqual([
      12, 2, 2,
    ]);
    expect(
      readings
        .waits()
        .upTo.slice(0, 3)
        .map(({ count }) => count),
    ).toEqual([10, 10, 12]);
    expect(readings.waits().sumMs).toBe(6);
    expect(readings.holds().sumMs).toBe(200);
    expect(readings.syncs().upTo.slice(0, 2)).toEqual([
      { boundMs: 1 / 16, count: 0 },
      { boundMs: 1 / 8, count: 2 },
    ]);
  });
});
