import { describe, expect, it } from 'vitest';
import { LockChecker } from '../../../bench/cluster/lock-checker.ts';
import { longestPauseMs, timesByName } from '../../../bench/cluster/timeline.ts';
import { roundUp, summarize, TimelineLines } from '../../../bench/cluster/timeline-text.ts';
import { failuresOf } from '../../../bench/cluster/verdict.ts';
import { faultOf, TestTime } from './test-time.ts';

describe('the timeline', () => {
  it('counts grants in intervals that are over', () => {
    const time = new TestTime();
    for (const atMs of [0, 499, 500, 1_999, 2_000]) time.grant(atMs, 'a');
    expect(time.timeline.counts(500, 2_400)).toEqual([2, 1, 0, 1]);
    expect(time.timeline.counts(500, 100)).toEqual([]);
  });

  it('tells when each lock was granted, also one that never was', () => {
    const time = new TestTime();
    time.grant(1, 'a').grant(2, 'b').grant(3, 'a');
    const times = timesByName(time.timeline.grants, ['a', 'b', 'c']);
    expect([...times]).toEqual([
      ['a', [1, 3]],
      ['b', [2]],
      ['c', []],
    ]);
  });
});

describe('the longest pause', () => {
  it.each([
    ['between two grants', [900, 1_100, 4_000, 5_100], 2_900],
    ['from the fault to the first grant', [900, 3_500, 4_100, 5_000], 2_500],
    ['beyond the next fault, when it began before', [1_500, 4_400, 9_000], 4_600],
    ['to the end of the record, when nothing is granted any more', [900, 1_200], 8_800],
    ['to the end of the record, when nothing ever was', [], 9_000],
    ['not the one of the next fault, which began right before it', [1_900, 3_000, 4_900, 9_000], 1_900],
    ['not one that began behind the next fault', [1_100, 4_000, 5_000, 9_900], 2_900],
  ])('is the one %s', (_, timesMs, pauseMs) => {
    expect(longestPauseMs(timesMs, 1_000, 5_000, 10_000)).toBe(pauseMs);
  });
});

describe('the lines', () => {
  it('tell the grants of a second with a bar and what has happened in it', () => {
    const time = new TestTime();
    const lines = new TimelineLines(time.timeline);
    for (let i = 0; i < 100; i++) time.grant(i, 'a');
    expect(lines.next(1)).toBe(`   1 s    100  ${'█'.repeat(11)}`);
    for (let i = 0; i < 300; i++) time.grant(1_000 + i, 'a');
    time.timeline.event('kill server 1');
    time.timeline.event('start server 1');
    expect(lines.next(2)).toBe(`   2 s    300  ${'█'.repeat(32)}  kill server 1; start server 1`);
    expect(lines.next(3)).toBe('   3 s      0');
  });

  it('have a scale of one digit', () => {
    expect([0, 1, 7, 8, 9, 10, 11, 250, 801].map(roundUp)).toEqual([1, 1, 8, 8, 10, 10, 20, 300, 1_000]);
  });
});

it('sums up what each fault did', () => {
  const time = new TestTime();
  for (let atMs = 0; atMs < 20_000; atMs += 100) {
    if (atMs < 2_000 || atMs > 6_300) time.grant(atMs, 'a');
    if (atMs < 12_000 || atMs > 12_700) time.grant(atMs, 'b');
  }
  const server = faultOf('server 1', '', 2_000, ['a']);
  time.timeline.faults.push(server, faultOf('ZooKeeper 3', 'leader', 12_000, ['a', 'b']));
  const checker = new LockChecker();
  checker.refusedByFencing = 7;
  const text = summarize(time.timeline, checker, ['a', 'b'], 20_000, 4_000);
  const cells = text
    .split('\n')
    .filter((line) => /^\| (server|Zoo)/.test(line))
    .map((line) =>
      line
        .split('|')
        .map((cell) => cell.trim())
        .slice(1, -1),
    );
  expect(cells).toEqual([
    ['server 1', '0.5', '0.1', '1', '4.4'],
    ['ZooKeeper 3 (leader)', '0.5', '0.1', 'all', '0.8'],
  ]);
  expect(text).toContain('348 grants in 20.0 s, 20 a second in the median');
  expect(text).toContain('that fencing refused: 7');
  expect(text).toContain('timed out, 4.0 s after');
  expect(text).toMatch(/\nViolations: 0$/);
});

describe('the verdict', () => {
  const scope = { lockNames: ['a', 'b'], servers: 2, untilMs: 10_000 };

  it('is good when each lock and each server was granted at the end', () => {
    const time = new TestTime().grant(9_000, 'a', 0).grant(9_900, 'b', 1);
    expect(failuresOf(time.timeline, new LockChecker(), scope)).toEqual([]);
  });

  it('names what is not back at the end', () => {
    const time = new TestTime().grant(5_000, 'a', 0).grant(9_900, 'b', 1);
    expect(failuresOf(time.timeline, new LockChecker(), scope)).toEqual([
      'a is not granted at the end',
      'server 1 grants nothing at the end',
    ]);
    const silent = new TestTime().grant(5_000, 'a', 0);
    expect(failuresOf(silent.timeline, new LockChecker(), scope)).toEqual(['nothing is granted at the end']);
  });

  it('tells violations and unexpected answers', () => {
    const time = new TestTime().grant(9_000, 'a', 0).grant(9_900, 'b', 1);
    const checker = new LockChecker();
    checker.violations.push('two at a time');
    time.timeline.surprise(new RangeError('what is this?'));
    time.timeline.surprise(new RangeError('what is this?'));
    expect(failuresOf(time.timeline, checker, scope)).toEqual([
      'violation: two at a time',
      'unexpected: RangeError: what is this?',
    ]);
  });
});
