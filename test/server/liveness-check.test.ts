import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Limits } from '../../src/base/limits.ts';
import { type CheckedConnection, LivenessCheck } from '../../src/server/liveness-check.ts';

const INTERVAL_MS = 60_000;
const TIMEOUT_MS = 10_000;
const START_MS = 1_000_000;

/** A connection that was read from a moment ago, and what is done to it. */
function connectionThat(state: Partial<CheckedConnection> & { established?: boolean; ended?: boolean } = {}) {
  const { established = true, ended = false, ...more } = state;
  const done: string[] = [];
  const connection: CheckedConnection = {
    openedMs: START_MS,
    lastReadMs: START_MS,
    pingedMs: 0,
    dirty: false,
    readingStopped: false,
    calls: { connection: { established, ended }, expire: (nowMs) => done.push(`expire ${nowMs - START_MS}`) },
    isStalled: () => false,
    ping: () => done.push('ping'),
    flush: () => done.push('flush'),
    ...more,
  };
  return { connection, done };
}

/** What is done to it when so much time has passed. */
function doneAfter(ms: number, state: Parameters<typeof connectionThat>[0] = {}): string | undefined {
  const { connection, done } = connectionThat(state);
  const check = new LivenessCheck({
    keepaliveIntervalMs: INTERVAL_MS,
    keepaliveTimeoutMs: TIMEOUT_MS,
    nowMs: () => START_MS + ms,
    connections: () => [connection],
    cutOff: (of, reason) => of === connection && done.push(reason),
  });
  check.lookAtAll();
  check.stop();
  // Whatever else it does, calls end at their deadlines.
  expect(done.shift()).toBe(`expire ${ms}`);
  expect(done.length).toBeLessThanOrEqual(1);
  return done[0];
}

describe('a silent connection', () => {
  it('is pinged after the interval', () => {
    expect(doneAfter(INTERVAL_MS - 1)).toBeUndefined();
    expect(doneAfter(INTERVAL_MS)).toBe('ping');
  });

  it('is cut off when it does not answer in time', () => {
    const pinged = { pingedMs: START_MS };
    expect(doneAfter(TIMEOUT_MS - 1, pinged)).toBeUndefined();
    expect(doneAfter(TIMEOUT_MS, pinged)).toBe('it does not answer keepalive pings');
  });

  it('is left alone while nothing is read of it', () => {
    const stopped = { readingStopped: true };
    expect(doneAfter(10 * INTERVAL_MS, stopped)).toBeUndefined();
    expect(doneAfter(10 * INTERVAL_MS, { ...stopped, pingedMs: START_MS })).toBeUndefined();
  });

  it('is not pinged before it has begun HTTP/2, and has so long for that', () => {
    const beginning = { established: false };
    expect(doneAfter(Limits.handshakeMsMax, beginning)).toBeUndefined();
    expect(doneAfter(Limits.handshakeMsMax + 1, beginning)).toBe('it does not begin HTTP/2');
    expect(doneAfter(Limits.handshakeMsMax + 1)).toBeUndefined();
  });
});

describe('a connection that is there', () => {
  it('is cut off when it does not read its replies, whatever else it does', () => {
    const stalled = { isStalled: (nowMs: number) => nowMs > START_MS + 7 };
    expect(doneAfter(7, stalled)).toBeUndefined();
    expect(doneAfter(8, { ...stalled, established: false, ended: true })).toBe(
      'it does not read its replies',
    );
  });

  it('is flushed when something is left to write, or it is to end', () => {
    expect(doneAfter(1)).toBeUndefined();
    expect(doneAfter(1, { dirty: true })).toBe('flush');
    expect(doneAfter(1, { ended: true })).toBe('flush');
  });
});

describe('the looks at all connections', () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it.each([
    { intervalMs: 60_000, timeoutMs: 10_000, everyMs: 1_000 },
    { intervalMs: 60_000, timeoutMs: 2_000, everyMs: 500 },
    { intervalMs: 1_000, timeoutMs: 500, everyMs: 125 },
    { intervalMs: 100, timeoutMs: 100, everyMs: 100 },
  ])('come every $everyMs ms for a timeout of $timeoutMs ms, until they are stopped', (times) => {
    let looks = 0;
    const check = new LivenessCheck({
      keepaliveIntervalMs: times.intervalMs,
      keepaliveTimeoutMs: times.timeoutMs,
      nowMs: () => START_MS,
      connections: () => {
        looks++;
        return [];
      },
      cutOff: () => {},
    });
    vi.advanceTimersByTime(times.everyMs - 1);
    expect(looks).toBe(0);
    vi.advanceTimersByTime(1 + 2 * times.everyMs);
    expect(looks).toBe(3);
    check.stop();
    vi.advanceTimersByTime(10_000);
    expect(looks).toBe(3);
  });
});
