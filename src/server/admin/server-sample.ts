import type { DurationReading } from '../../base/duration-counts.ts';
import { MetricWord } from '../../base/metric-words.ts';
import type { DurationHistogram, ServerSample, ShardSample } from '../../contract/dashboard.ts';
import type { MetricSources } from '../metrics/server-metrics.ts';
import type { ShardReadings } from '../metrics/shard-readings.ts';

/** Gathers what the dashboard is told every second, from where the metrics come from. */
export function sampleServer(
  readings: ShardReadings,
  { engine, connections, sessions }: Pick<MetricSources, 'engine' | 'connections' | 'sessions'>,
): ServerSample {
  let connectionCount = 0;
  for (const [protocol, count] of Object.entries(connections)) {
    // Those of dashboards are not what anyone looks for here.
    if (protocol !== 'admin') connectionCount += count();
  }
  return {
    timeMs: engine.clock.nowMs(),
    connections: connectionCount,
    sessions: sessions.count('grpc') + sessions.count('rest'),
    shards: Array.from({ length: readings.shards }, (_none, shard) => shardSample(readings, shard)),
    waited: histogramOf(readings.waits()),
    held: histogramOf(readings.holds()),
  };
}

function shardSample(readings: ShardReadings, shard: number): ShardSample {
  const word = (index: Parameters<ShardReadings['of']>[1]): number => readings.of(shard, index);
  return {
    locks: word(MetricWord.Locks),
    holders: word(MetricWord.Holders),
    waiters: word(MetricWord.Waiters),
    requests: word(MetricWord.Requests),
    grants: word(MetricWord.Grants),
    releases: word(MetricWord.Unlocks) + word(MetricWord.SessionReleases) + word(MetricWord.Revocations),
    expiries: word(MetricWord.Expiries),
  };
}

/** The counts of each bucket alone, of counts up to each bound. */
function histogramOf({ upTo, count }: DurationReading): DurationHistogram {
  const totals = [...upTo.map((bound) => bound.count), count];
  return {
    boundsMs: upTo.map(({ boundMs }) => boundMs),
    counts: totals.map((total, bucket) => total - (totals[bucket - 1] ?? 0)),
  };
}
