import { beforeEach, describe, expect, it } from 'vitest';
import { MetricBlock, MetricWord, metricBlockOf, metricWordsOf } from '../../../src/base/metric-words.ts';
import { Method } from '../../../src/contract/method.ts';
import { LockCommand } from '../../../src/core/command.ts';
import { Claim } from '../../../src/engine/zookeeper/claim.ts';
import { ClaimBook } from '../../../src/engine/zookeeper/claim-book.ts';
import { ClaimCounts, type ReleaseCause } from '../../../src/engine/zookeeper/claim-counts.ts';
import { LockPaths } from '../../../src/engine/zookeeper/lock-place.ts';
import { Outcome, outcomeIndex } from '../../../src/shard/outcome.ts';

let nowMs = 1_000;
let book = new ClaimBook();
let counts = new ClaimCounts({ nowMs: () => nowMs }, book);

beforeEach(() => {
  nowMs = 1_000;
  book = new ClaimBook();
  counts = new ClaimCounts({ nowMs: () => nowMs }, book);
});

function wait(): Claim {
  const command = Object.assign(new LockCommand(), { name: 'a' });
  command.origin.session = 1;
  const claim = new Claim(command, new LockPaths().placeOf('a'), nowMs);
  book.add(claim);
  counts.waiting();
  return claim;
}

function hold(): Claim {
  const claim = wait();
  claim.grantedMs = nowMs;
  counts.granted(claim);
  return claim;
}

const sums = (...words: (keyof typeof MetricWord)[]) => words.map((word) => counts.sumOf(MetricWord[word]));
/** The sum and the number of the durations in a block. */
function durations(block: Parameters<typeof metricBlockOf>[1]): [sum: number, count: number] {
  const [sum, ...buckets] = metricBlockOf(metricWordsOf(counts.memory, 0), block);
  return [sum!, buckets.reduce((total, count) => total + count, 0)];
}

describe('the counts of claims', () => {
  it('know who waits and who holds, of how many locks in how many sessions', () => {
    expect(sums('Waiters', 'Holders', 'Locks', 'Sessions')).toEqual([0, 0, 0, 0]);
    wait();
    expect(sums('Waiters', 'Holders', 'Locks', 'Sessions')).toEqual([1, 0, 1, 1]);
    hold();
    expect(sums('Waiters', 'Holders', 'Locks', 'Sessions', 'Grants')).toEqual([1, 1, 1, 1, 1]);
  });

  it.each<[cause: ReleaseCause, word: keyof typeof MetricWord]>([
    ['unlock', 'Unlocks'],
    ['expiry', 'Expiries'],
    ['session', 'SessionReleases'],
    ['revocation', 'Revocations'],
  ])('know why a lock is not held any more: %s', (cause, word) => {
    const claim = hold();
    book.remove(claim);
    counts.released(claim, cause);
    expect(sums('Holders', 'Locks', 'Sessions', word)).toEqual([0, 0, 0, 1]);
    expect(
      sums('Unlocks', 'Expiries', 'SessionReleases', 'Revocations').reduce((sum, one) => sum + one),
    ).toBe(1);
  });

  it('know how waits end that come to nothing', () => {
    const claims = [wait(), wait(), wait()];
    for (const claim of claims) book.remove(claim);
    counts.refused();
    counts.timedOut();
    counts.departed();
    expect(sums('Waiters', 'Locks', 'WaitTimeouts', 'Departures', 'Grants')).toEqual([0, 0, 1, 1, 0]);
  });

  it('measure how long claims wait and are held', () => {
    const claim = wait();
    nowMs += 30;
    claim.grantedMs = nowMs;
    counts.granted(claim);
    nowMs += 500;
    counts.released(claim, 'unlock');
    expect(durations(MetricBlock.Waits)).toEqual([30, 1]);
    expect(durations(MetricBlock.Holds)).toEqual([500, 1]);
  });

  it('count a lock again that is held all the same', () => {
    const claim = hold();
    counts.released(claim, 'expiry');
    counts.resumed();
    expect(sums('Holders')).toEqual([1]);
  });

  it('count requests and replies, renewals and repeats', () => {
    counts.requested();
    counts.requested();
    counts.renewed();
    counts.repeated();
    counts.replied(Method.Unlock, Outcome.Ok);
    expect(sums('Requests', 'Renewals', 'Repeats')).toEqual([2, 1, 1]);
    const replies = metricBlockOf(metricWordsOf(counts.memory, 0), MetricBlock.Replies);
    expect(replies[outcomeIndex(Method.Unlock, Outcome.Ok)]).toBe(1);
    expect(replies.reduce((sum, one) => sum + one)).toBe(1);
  });

  it('tell when the engine was ready, and when it worked last', () => {
    nowMs = 5_000;
    expect(sums('ReadyMs', 'HeartbeatMs')).toEqual([1_000, 1_000]);
    counts.beat();
    expect(sums('ReadyMs', 'HeartbeatMs')).toEqual([1_000, 5_000]);
  });
});
