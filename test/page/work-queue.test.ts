import { describe, expect, it } from 'vitest';
import { WorkQueue } from '../../src/page/work-queue.ts';

/** A clock that the work itself moves on. */
class WorkClock {
  ms = 0;
  readonly done: number[] = [];
  readonly work = (ms: number): void => {
    this.ms += ms;
    this.done.push(ms);
  };
  readonly now = (): number => this.ms;
}

describe('a queue of work', () => {
  it('does as much as fits the time, in order', () => {
    const queue = new WorkQueue<number>(100, () => 1);
    const clock = new WorkClock();
    for (const ms of [2, 2, 2, 2]) queue.push(ms);
    queue.run(clock.work, 5, clock.now);
    expect(clock.done).toStrictEqual([2, 2, 2]);
    queue.run(clock.work, 5, clock.now);
    expect([clock.done.length, queue.isEmpty]).toStrictEqual([4, true]);
  });

  it('does one piece when no time is left, so that it ends some day', () => {
    const queue = new WorkQueue<number>(100, () => 1);
    const clock = new WorkClock();
    queue.push(9);
    queue.push(9);
    queue.run(clock.work, 0, clock.now);
    expect(clock.done).toStrictEqual([9]);
  });

  it('gives up all when there is more than it may hold, and one less is held', () => {
    const queue = new WorkQueue<string>(10, (text) => text.length);
    expect([queue.push('12345'), queue.push('12345'), queue.isEmpty]).toStrictEqual([true, true, false]);
    expect([queue.push('1'), queue.isEmpty]).toStrictEqual([false, true]);
    expect(queue.push('1234567890')).toBe(true);
  });

  it('has room again for what was done', () => {
    const queue = new WorkQueue<number>(3, () => 1);
    const clock = new WorkClock();
    // It is never empty, so it never begins anew.
    queue.push(0);
    for (let turn = 1; turn <= 5_000; turn++) {
      expect(queue.push(turn)).toBe(true);
      queue.run(clock.work, 0, clock.now);
    }
    expect(clock.done).toStrictEqual(Array.from({ length: 5_000 }, (_none, turn) => turn));
  });

  it('may be emptied by its own work', () => {
    const queue = new WorkQueue<number>(100, () => 1);
    const done: number[] = [];
    for (const item of [1, 2, 3]) queue.push(item);
    queue.run(
      (item) => {
        done.push(item);
        queue.clear();
      },
      1_000,
      () => 0,
    );
    expect([done, queue.isEmpty]).toStrictEqual([[1], true]);
  });
});
