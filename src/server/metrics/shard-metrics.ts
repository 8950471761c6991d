import { Limits } from '../../base/limits.ts';
import { MetricWord } from '../../base/metric-words.ts';
import type { ServerEngine } from '../../engine/engine.ts';
import { durationSamples } from './lock-metrics.ts';
import type { MetricRow, Sample } from './pulled-metric.ts';
import type { ShardReadings } from './shard-readings.ts';

/** What is to be known of each shard: its share of the work, how it keeps up with it, its rings and its journal. */
export function shardMetrics(
  shards: ShardReadings,
  engine: Pick<ServerEngine, 'clock' | 'rings'>,
): readonly MetricRow[] {
  const each = (read: (shard: number) => number): Sample[] =>
    Array.from({ length: shards.shards }, (_, shard) => ({
      value: read(shard),
      labels: { shard: String(shard) },
    }));
  const word = (index: (typeof MetricWord)[keyof typeof MetricWord], unit = 1) =>
    each((shard) => shards.of(shard, index) * unit);
  const rings = (requests: (shard: number) => number, replies: (shard: number) => number): Sample[] =>
    Array.from({ length: shards.shards }, (_, shard) => [
      { value: requests(shard), labels: { shard: String(shard), ring: 'request' } },
      { value: replies(shard), labels: { shard: String(shard), ring: 'reply' } },
    ]).flat();
  const row = (
    name: string,
    type: 'counter' | 'gauge' | 'histogram',
    help: string,
    read: () => readonly Sample[],
  ): MetricRow => ({ name, type, help, read });
  return [
    row('ldlm_shard_requests_total', 'counter', 'Lock calls that each shard has taken.', () =>
      word(MetricWord.Requests),
    ),
    row('ldlm_shard_locks', 'gauge', 'Locks of each shard.', () => word(MetricWord.Locks)),
    row('ldlm_shard_turns_total', 'counter', 'Turns of the loop of each shard.', () =>
      word(MetricWord.Turns),
    ),
    row('ldlm_shard_slept_seconds_total', 'counter', 'Time that each shard had nothing to do.', () =>
      word(MetricWord.SleptMs, 1 / 1000),
    ),
    row(
      'ldlm_shard_longest_turn_seconds',
      'gauge',
      'The longest turn of each shard in the last 30 to 60 seconds: what it does meanwhile waits.',
      () => word(MetricWord.LongestTurnMs, 1 / 1000),
    ),
    row(
      'ldlm_shard_heartbeat_age_seconds',
      'gauge',
      'Time since each shard began its last turn; above a second it is busy or stuck.',
      () => each((shard) => ageSeconds(engine.clock.nowMs(), shards.of(shard, MetricWord.HeartbeatMs))),
    ),
    row('ldlm_ring_used_bytes', 'gauge', 'Bytes that wait in the rings between the threads.', () =>
      rings(
        (shard) => engine.rings(shard).requestBytes,
        (shard) => engine.rings(shard).replyBytes,
      ),
    ),
    row('ldlm_ring_size_bytes', 'gauge', 'Bytes that each ring between the threads holds.', () => [
      { value: Limits.ringBytes },
    ]),
    row('ldlm_ring_stalls_total', 'counter', 'How often a writer had to wait for room in a ring.', () =>
      rings(
        (shard) => engine.rings(shard).requestStalls,
        (shard) => shards.of(shard, MetricWord.ReplyStalls),
      ),
    ),
    row('ldlm_journal_used_bytes', 'gauge', 'Bytes of the state file of each shard; 0 without one.', () =>
      word(MetricWord.JournalUsedBytes),
    ),
    row(
      'ldlm_journal_written_bytes_total',
      'counter',
      'Bytes written to the state file of each shard, with those that extend it and make it anew.',
      () => word(MetricWord.WrittenBytes),
    ),
    row('ldlm_journal_sync_seconds', 'histogram', 'How long each fdatasync of the state file took.', () =>
      durationSamples(shards.syncs()),
    ),
  ];
}

/** A shard that has not begun yet has no heartbeat. */
function ageSeconds(nowMs: number, heartbeatMs: number): number {
  return heartbeatMs === 0 ? 0 : Math.max(0, nowMs - heartbeatMs) / 1000;
}
