import { describe, expect, it } from 'vitest';
import { withinTime } from '../../../src/zookeeper/locks/within-time.ts';
import { SystemClock } from '../../../src/zookeeper/session/system-clock.ts';

function run(timeoutMs: number | null, signal?: AbortSignal) {
  const acts: string[] = [];
  let settle!: { resolve: (value: string) => void; reject: (error: Error) => void };
  const work = new Promise<string>((resolve, reject) => {
    settle = { resolve, reject };
  });
  const result = withinTime(new SystemClock(), work, {
    ...{ timeoutMs, signal },
    late: (ms) => new Error(`late after ${ms}`),
    giveUp: () => void acts.push('gave up'),
    giveBack: (value) => void acts.push(`gave ${value} back`),
  });
  return { acts, result, ...settle };
}

describe('work within a time', () => {
  it('is what it comes to', async () => {
    const done = run(10_000);
    done.resolve('it');
    expect([await done.result, done.acts]).toEqual(['it', []]);
    const failed = run(null);
    failed.reject(new Error('no'));
    await expect(failed.result).rejects.toThrow('no');
    expect(failed.acts).toEqual([]);
  });

  it('is given up when the time is over, and what it comes to is given back', async () => {
    const { acts, result, resolve } = run(10);
    await expect(result).rejects.toThrow('late after 10');
    resolve('it');
    await new Promise((done) => setImmediate(done));
    expect(acts).toEqual(['gave up', 'gave it back']);
  });

  it('is given up with the reason of a signal, also when the work is done in the same moment', async () => {
    const controller = new AbortController();
    const { acts, result, resolve } = run(null, controller.signal);
    resolve('it');
    controller.abort(new Error('enough'));
    await expect(result).rejects.toThrow('enough');
    expect(acts).toEqual(['gave up', 'gave it back']);
  });

  it('may share its signal with many others, without a warning', async () => {
    const warnings: string[] = [];
    const listen = ({ name }: Error): void => void warnings.push(name);
    process.on('warning', listen);
    const controller = new AbortController();
    const all = Array.from({ length: 100 }, () => run(null, controller.signal).result);
    controller.abort();
    const ends = await Promise.allSettled(all);
    await new Promise((resolve) => setImmediate(resolve));
    process.off('warning', listen);
    expect([ends.filter(({ status }) => status === 'rejected').length, warnings]).toEqual([100, []]);
  });

  it('may fail behind that unheard', async () => {
    const controller = new AbortController();
    const { acts, result, reject } = run(null, controller.signal);
    controller.abort();
    await expect(result).rejects.toMatchObject({ name: 'AbortError' });
    reject(new Error('unheard'));
    await new Promise((resolve) => setImmediate(resolve));
    expect(acts).toEqual(['gave up']);
  });

  it.each([
    [0, [0]],
    [2 ** 31 - 1, [2 ** 31 - 1]],
    [2 ** 31, []],
    [Number.POSITIVE_INFINITY, []],
    [null, []],
  ])('is given up after as long as a timer can wait, else never: %s', async (timeoutMs, timers) => {
    const started: number[] = [];
    const after = (waitMs: number) => {
      started.push(waitMs);
      return () => {};
    };
    const clock = { nowMs: () => 0, after };
    const limits = { timeoutMs, late: () => new Error('late'), giveUp: () => {}, giveBack: () => {} };
    expect(await withinTime(clock, Promise.resolve('it'), limits)).toBe('it');
    expect(started).toEqual(timers);
  });
});
