import type { DurationReading } from '../../base/duration-counts.ts';
import { MetricWord } from '../../base/metric-words.ts';
import { Method } from '../../contract/method.ts';
import { Outcome } from '../../shard/outcome.ts';
import type { MetricRow, Sample } from './pulled-metric.ts';
import type { ShardReadings } from './shard-readings.ts';

/** Of all methods. */
const ALWAYS = [Outcome.Ok, Outcome.Unknown, Outcome.Unavailable, Outcome.Malformed] as const;
const CLAIMING = [
  ...[Outcome.Deadline, Outcome.InvalidLockSize, Outcome.LockSizeMismatch],
  // A repeat of a request whose lock was released.
  Outcome.LockDoesNotExistOrInvalidKey,
] as const;

/** The ways in which calls can end. A counter that shows up with its first event would hide that event from rates. */
const OUTCOMES: Readonly<Record<keyof typeof Method, readonly Outcome[]>> = {
  Lock: [...ALWAYS, ...CLAIMING, Outcome.LockWaitTimeout, Outcome.Superseded],
  TryLock: [...ALWAYS, ...CLAIMING, Outcome.Held],
  Unlock: [...ALWAYS, Outcome.LockDoesNotExist, Outcome.InvalidLockKey],
  Renew: [...ALWAYS, Outcome.LockDoesNotExistOrInvalidKey, Outcome.Deadline],
};

/** Names of outcomes as labels: error codes as protos/ldlm.proto has them, the others in lower case. */
const OUTCOME_LABELS: ReadonlyMap<Outcome, string> = new Map(
  Object.entries(Outcome).map(([name, outcome]) => [
    outcome,
    outcome < Outcome.Ok ? name : name.toLowerCase(),
  ]),
);

/** How grants end, and how many did: together all grants that do not hold any more. */
const RELEASES = [
  ['unlocked', MetricWord.Unlocks],
  ['expired', MetricWord.Expiries],
  ['session_ended', MetricWord.SessionReleases],
  ['undone', MetricWord.Revocations],
] as const;

/** What is to be known of locks and calls, over all shards. */
export function lockMetrics(shards: ShardReadings): readonly MetricRow[] {
  const level = (name: string, help: string, read: () => number): MetricRow => {
    return { name, type: 'gauge', help, read: () => [{ value: read() }] };
  };
  const count = (
    name: string,
    help: string,
    word: (typeof MetricWord)[keyof typeof MetricWord],
  ): MetricRow => {
    return { name, type: 'counter', help, read: () => [{ value: shards.sum(word) }] };
  };
  return [
    {
      name: 'ldlm_requests_total',
      type: 'counter',
      help: 'Lock calls that were answered, by method and by what they were told. RefreshLock counts as Renew.',
      read: () => requestSamples(shards),
    },
    level('ldlm_locks', 'Locks by name, also idle ones that are not collected yet.', () =>
      shards.sum(MetricWord.Locks),
    ),
    level('ldlm_holders', 'Grants that hold a lock.', () => shards.sum(MetricWord.Holders)),
    level('ldlm_waiters', 'Calls that wait for a lock.', () => shards.sum(MetricWord.Waiters)),
    level('ldlm_longest_queue', 'The most calls that wait for one lock.', () =>
      shards.max(MetricWord.LongestQueue),
    ),
    {
      name: 'ldlm_lock_wait_seconds',
      type: 'histogram',
      help: 'How long granted calls waited, 0 when the lock was free.',
      read: () => durationSamples(shards.waits()),
    },
    {
      name: 'ldlm_lock_hold_seconds',
      type: 'histogram',
      help: 'How long locks were held, from the grant to its end.',
      read: () => durationSamples(shards.holds()),
    },
    count('ldlm_grants_total', 'Locks granted. A repeated request is one grant.', MetricWord.Grants),
    {
      name: 'ldlm_releases_total',
      type: 'counter',
      help: 'Grants that ended, by cause: undone ones could not be written to the state file.',
      read: () => RELEASES.map(([cause, word]) => ({ value: shards.sum(word), labels: { cause } })),
    },
    count('ldlm_renewals_total', 'Lock timeouts that were renewed.', MetricWord.Renewals),
    count('ldlm_wait_timeouts_total', 'Waits that ended by their wait timeout.', MetricWord.WaitTimeouts),
    count(
      'ldlm_waiters_left_total',
      'Waiters that were cancelled, whose client left, or that were given up by request id.',
      MetricWord.Departures,
    ),
    count('ldlm_repeats_total', 'Calls that repeated a request id that waits or holds.', MetricWord.Repeats),
  ];
}

/** Locks whose rows a shard has used again. Where ZooKeeper keeps the locks, it removes idle ones, and tells nobody. */
export function collectionMetric(shards: ShardReadings): MetricRow {
  return {
    name: 'ldlm_collections_total',
    type: 'counter',
    help: 'Idle locks that were forgotten.',
    read: () => [{ value: shards.sum(MetricWord.Collections) }],
  };
}

function requestSamples(shards: ShardReadings): Sample[] {
  const samples: Sample[] = [];
  for (const [method, outcomes] of Object.entries(OUTCOMES)) {
    const number = Method[method as keyof typeof Method];
    for (const outcome of outcomes) {
      const labels = { method, outcome: OUTCOME_LABELS.get(outcome)! };
      samples.push({ value: shards.replies(number, outcome), labels });
    }
  }
  return samples;
}

/** The lines of a histogram, in seconds. */
export function durationSamples({ upTo, count, sumMs }: DurationReading): Sample[] {
  const samples: Sample[] = upTo.map((bucket) => {
    return { suffix: '_bucket', labels: { le: String(bucket.boundMs / 1000) }, value: bucket.count };
  });
  samples.push({ suffix: '_bucket', labels: { le: '+Inf' }, value: count });
  samples.push({ suffix: '_sum', value: sumMs / 1000 }, { suffix: '_count', value: count });
  return samples;
}
