import { describe, expect, it } from 'vitest';
import type { ServerSample, ShardSample } from '../../src/contract/dashboard.ts';
import { SampleHistory, total } from '../../src/page/sample-history.ts';

const idle: ShardSample = {
  locks: 0,
  holders: 0,
  waiters: 0,
  requests: 0,
  grants: 0,
  releases: 0,
  expiries: 0,
};

function sample(timeMs: number, shards: readonly Partial<ShardSample>[], waited = [0, 0, 0]): ServerSample {
  const histogram = { boundsMs: [1, 2], counts: waited };
  const all = shards.map((shard) => ({ ...idle, ...shard }));
  return { timeMs, connections: 0, sessions: 0, shards: all, waited: histogram, held: histogram };
}

describe('the history of samples', () => {
  it('tells rates per second between two samples, however far apart they are', () => {
    const history = new SampleHistory(10);
    history.add(sample(1_000, [{ requests: 10, grants: 4 }, { requests: 100 }]));
    expect(history.moments).toStrictEqual([]);
    history.add(
      sample(3_000, [
        { requests: 30, grants: 10, releases: 2, expiries: 1, waiters: 5 },
        { requests: 100, holders: 3 },
      ]),
    );
    expect(history.moments).toMatchObject([
      {
        timeMs: 3_000,
        requests: 10,
        grants: 3,
        releases: 1,
        expiries: 0.5,
        holders: 3,
        waiters: 5,
        shardRequests: [10, 0],
      },
    ]);
  });

  it('keeps so many moments', () => {
    const history = new SampleHistory(3);
    for (let second = 0; second < 9; second++) history.add(sample(second * 1_000, [{ requests: second }]));
    expect(history.moments.map(({ timeMs }) => timeMs)).toStrictEqual([6_000, 7_000, 8_000]);
    expect(history.latest!.timeMs).toBe(8_000);
  });

  it('takes latencies from what was counted in the last ten samples', () => {
    const history = new SampleHistory(100);
    history.add(sample(0, [{}], [1_000, 0, 0]));
    history.add(sample(1_000, [{}], [1_000, 10, 0]));
    expect(history.moments[0]!.waited).toStrictEqual([1.5, 1.9, 1.99]);
    for (let second = 2; second < 11; second++) history.add(sample(second * 1_000, [{}], [1_000, 10, 0]));
    expect(history.moments.at(-1)!.waited).toStrictEqual([1.5, 1.9, 1.99]);
    history.add(sample(11_000, [{}], [1_000, 10, 0]));
    expect(history.moments.at(-1)!.waited).toStrictEqual([Number.NaN, Number.NaN, Number.NaN]);
  });

  it.each<[string, ServerSample]>([
    ['a server that was started again', sample(2_000, [{ requests: 3 }])],
    ['another number of shards', sample(2_000, [{ requests: 9_000 }, {}])],
    ['a clock that was set back', sample(500, [{ requests: 9_000 }])],
  ])('compares nothing with %s', (_what, other) => {
    const history = new SampleHistory(10);
    history.add(sample(1_000, [{ requests: 5_000 }]));
    history.add(other);
    expect(history.moments).toStrictEqual([]);
    expect(history.latest).toBe(other);
  });

  it('compares nothing across an interruption', () => {
    const history = new SampleHistory(10);
    history.add(sample(1_000, [{ requests: 1 }]));
    history.interrupt();
    history.add(sample(90_000, [{ requests: 2 }]));
    expect(history.moments).toStrictEqual([]);
  });

  it('takes what it has not seen from what was before', () => {
    const seconds = (...all: readonly number[]) =>
      all.map((second) => sample(second * 1_000, [{ requests: second }]));
    const history = new SampleHistory(10);
    history.fill(seconds(1, 2, 3));
    expect(history.moments.map(({ timeMs }) => timeMs)).toStrictEqual([2_000, 3_000]);
    history.fill(seconds(2, 3, 4, 5));
    expect(history.moments.map(({ timeMs }) => timeMs)).toStrictEqual([2_000, 3_000, 4_000, 5_000]);
  });

  it('adds up shards', () => {
    expect(total(sample(0, [{ holders: 2 }, { holders: 5 }]), 'holders')).toBe(7);
  });
});
