import { describe, expect, it } from 'vitest';
import { PollDelay } from '../../src/filelock/poll-delay.ts';

const drawDelays = (count: number): readonly number[] => {
  const delay = new PollDelay();
  return Array.from({ length: count }, () => delay.nextMs());
};

describe('PollDelay', () => {
  it('doubles from 1 ms to 50 ms, less up to a half', () => {
    const longestMs = [1, 2, 4, 8, 16, 32, 50, 50, 50];
    for (const [place, ms] of drawDelays(longestMs.length).entries()) {
      expect(ms).toBeGreaterThanOrEqual(longestMs[place]! / 2);
      expect(ms).toBeLessThanOrEqual(longestMs[place]!);
    }
  });

  it('is another one for each who waits', () => {
    const tenth = new Set(Array.from({ length: 50 }, () => drawDelays(10)[9]!));
    expect(tenth.size).toBeGreaterThan(40);
    expect(Math.max(...tenth) - Math.min(...tenth)).toBeGreaterThan(10);
  });
});
