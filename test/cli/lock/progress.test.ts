import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Progress } from '../../../src/cli/lock/progress.ts';
import { RecordedOutput } from './recorded-output.ts';

describe('Progress', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it('counts at a terminal once it takes half a second, and leaves nothing behind', () => {
    const terminal = new RecordedOutput(true);
    let count = 0;
    const progress = new Progress(terminal, () => `${++count} done`);
    vi.advanceTimersByTime(499);
    expect(terminal.text).toBe('');
    vi.advanceTimersByTime(1);
    vi.advanceTimersByTime(200);
    expect(terminal.writes).toEqual(['\r\x1b[K1 done', '\r\x1b[K2 done']);
    progress.end();
    progress.end();
    expect(terminal.writes.slice(2)).toEqual(['\r\x1b[K']);
    vi.advanceTimersByTime(10_000);
    expect(terminal.writes.length).toBe(3);
  });

  it('makes room for other lines, once each time', () => {
    const terminal = new RecordedOutput(true);
    const progress = new Progress(terminal, () => 'x');
    progress.clear();
    vi.advanceTimersByTime(500);
    progress.clear();
    progress.clear();
    expect(terminal.writes).toEqual(['\r\x1b[Kx', '\r\x1b[K']);
    progress.end();
  });

  it('says nothing where there is no terminal, or it is over soon', () => {
    const file = new RecordedOutput(false);
    const terminal = new RecordedOutput(true);
    const unseen = new Progress(file, () => 'x');
    new Progress(terminal, () => 'x').end();
    vi.advanceTimersByTime(10_000);
    unseen.end();
    expect(file.text + terminal.text).toBe('');
  });
});
