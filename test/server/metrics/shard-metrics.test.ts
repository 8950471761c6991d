import { describe, expect, it } from 'vitest';
import { Limits } from '../../../src/base/limits.ts';
import { createMetricMemory, MetricWord, metricWordsOf } from '../../../src/base/metric-words.ts';
import { shardMetrics } from '../../../src/server/metrics/shard-metrics.ts';
import { ShardReadings } from '../../../src/server/metrics/shard-readings.ts';

const nowMs = 1_800_000_000_000;

describe('the metrics of shards', () => {
  it('show each shard and each ring on its own, in base units', () => {
    const memory = createMetricMemory(2);
    const [one, two] = [metricWordsOf(memory, 0), metricWordsOf(memory, 1)];
    const engine = {
      clock: { nowMs: () => nowMs, skip: () => {} },
      rings: (shard: number) => ({
        requestBytes: 10 + shard,
        replyBytes: 20 + shard,
        requestStalls: 30 + shard,
      }),
    };
    const rows = shardMetrics(new ShardReadings(memory, 2), engine as never);
    const read = (name: string): number[] =>
      rows
        .find((row) => row.name === name)!
        .read()
        .map(({ value }) => value);
    one[MetricWord.SleptMs] = 1500;
    two[MetricWord.Requests] = 9;
    one[MetricWord.LongestTurnMs] = 20;
    two[MetricWord.HeartbeatMs] = nowMs - 2500;
    one[MetricWord.ReplyStalls] = 4;
    two[MetricWord.WrittenBytes] = 4096;
    expect(read('ldlm_shard_slept_seconds_total')).toEqual([1.5, 0]);
    expect(read('ldlm_shard_requests_total')).toEqual([0, 9]);
    expect(read('ldlm_shard_longest_turn_seconds')).toEqual([0.02, 0]);
    expect(read('ldlm_shard_heartbeat_age_seconds')).toEqual([0, 2.5]);
    expect(read('ldlm_ring_used_bytes')).toEqual([10, 20, 11, 21]);
    expect(read('ldlm_ring_stalls_total')).toEqual([30, 4, 31, 0]);
    expect(read('ldlm_ring_size_bytes')).toEqual([Limits.ringBytes]);
    expect(read('ldlm_journal_written_bytes_total')).toEqual([0, 4096]);
    const rings = rows.find((row) => row.name === 'ldlm_ring_used_bytes')!.read();
    expect(rings[2]!.labels).toEqual({ shard: '1', ring: 'request' });
  });
});
