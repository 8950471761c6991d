import { describe, expect, it } from 'vitest';
import { DURATION_WORDS, DurationCounts, readDurations } from '../../../src/base/duration-counts.ts';
import {
  createMetricMemory,
  MetricBlock,
  metricBlockOf,
  metricWordsOf,
} from '../../../src/base/metric-words.ts';
import { Method } from '../../../src/contract/method.ts';
import { durationSamples, lockMetrics } from '../../../src/server/metrics/lock-metrics.ts';
import { ShardReadings } from '../../../src/server/metrics/shard-readings.ts';
import { Outcome, outcomeIndex } from '../../../src/shard/outcome.ts';

describe('the metrics of locks', () => {
  it('show each count of replies under its own labels', () => {
    const memory = createMetricMemory(1);
    const counts = metricBlockOf(metricWordsOf(memory, 0), MetricBlock.Replies);
    counts.forEach((_, index) => {
      counts[index] = 1000 + index;
    });
    const rows = lockMetrics(new ShardReadings(memory, 1));
    const samples = rows.find(({ name }) => name === 'ldlm_requests_total')!.read();
    for (const { value, labels } of samples) {
      const method = Method[labels!['method'] as keyof typeof Method];
      const [, outcome] = Object.entries(Outcome).find(
        ([name]) => name === labels!['outcome'] || name.toLowerCase() === labels!['outcome'],
      )!;
      expect(value, JSON.stringify(labels)).toBe(1000 + outcomeIndex(method, outcome));
    }
    expect(new Set(samples.map(({ value }) => value)).size).toBe(samples.length);
    expect(samples.filter(({ labels }) => labels!['outcome'] === 'held')).toHaveLength(1);
    expect(samples.filter(({ labels }) => labels!['outcome'] === 'ok')).toHaveLength(4);
  });

  it('show durations as a histogram in seconds', () => {
    const words = new Float64Array(DURATION_WORDS);
    const counts = new DurationCounts(words);
    for (const ms of [0, 1, 3, 1e9]) counts.add(ms);
    const samples = durationSamples(readDurations([words]));
    expect(samples.slice(0, 4)).toEqual([
      { suffix: '_bucket', labels: { le: '0.001' }, value: 2 },
      { suffix: '_bucket', labels: { le: '0.002' }, value: 2 },
      { suffix: '_bucket', labels: { le: '0.004' }, value: 3 },
      { suffix: '_bucket', labels: { le: '0.008' }, value: 3 },
    ]);
    expect(samples.slice(-3)).toEqual([
      { suffix: '_bucket', labels: { le: '+Inf' }, value: 4 },
      { suffix: '_sum', value: 1_000_000.004 },
      { suffix: '_count', value: 4 },
    ]);
  });
});
