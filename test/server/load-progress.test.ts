import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { MetricWord } from '../../src/base/metric-words.ts';
import { LoadProgress } from '../../src/server/load-progress.ts';
import { LogLines } from './log-lines.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** What is said of an engine whose state file has so many bytes, and that has loaded what the test sets. */
function start(bytes: number) {
  const log = new LogLines();
  const state = { bytes, loaded: 0 };
  const sumOf = (word: number): number => {
    if (word === MetricWord.JournalBytes) return state.bytes;
    if (word === MetricWord.LoadedBytes) return state.loaded;
    throw new Error(`nobody has set word ${word}`);
  };
  return { log, state, progress: new LoadProgress({ sumOf }, log.logger) };
}

it('says once a second how much is loaded, in whole percent that are never too many', () => {
  const { log, state, progress } = start(1_000);
  state.loaded = 129;
  vi.advanceTimersByTime(999);
  expect(log.lines).toEqual([]);
  vi.advanceTimersByTime(1);
  state.loaded = 999;
  vi.advanceTimersByTime(1_000);
  state.loaded = 1_000;
  vi.advanceTimersByTime(1_000);
  expect(log.lines).toMatchObject(
    [12, 99, 100].map((percent) => ({ level: 'WARN', percent, msg: 'loading the state file' })),
  );
  progress.end();
});

it('says nothing while there is nothing to load, or its length is not known yet', () => {
  const { log, state, progress } = start(0);
  vi.advanceTimersByTime(3_000);
  expect(log.lines).toEqual([]);
  state.bytes = 10;
  vi.advanceTimersByTime(1_000);
  expect(log.lines).toMatchObject([{ percent: 0 }]);
  progress.end();
});

it('says nothing more when it has ended, and leaves no timer', () => {
  const { log, progress } = start(1_000);
  progress.end();
  expect(vi.getTimerCount()).toBe(0);
  vi.advanceTimersByTime(5_000);
  expect(log.lines).toEqual([]);
});
