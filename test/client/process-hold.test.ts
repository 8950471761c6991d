import { describe, expect, it } from 'vitest';
import { ProcessHold } from '../../src/client/process-hold.ts';

const timers = (): number => process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length;

describe('what holds the process', () => {
  it('does so while something is waited for, be it one thing or many, and lets go when it ends or fails', async () => {
    const hold = new ProcessHold();
    const before = timers();
    const ends: { resolve: (value: string) => void; reject: (error: Error) => void }[] = [];
    const wait = () => hold.during(new Promise<string>((resolve, reject) => ends.push({ resolve, reject })));
    const [first, second] = [wait(), wait()];
    expect(timers()).toBe(before + 1);
    ends[0]!.resolve('done');
    expect([await first, timers()]).toEqual(['done', before + 1]);
    ends[1]!.reject(new Error('failed'));
    await expect(second).rejects.toThrow('failed');
    expect(timers()).toBe(before);
  });
});
