import { describe, expect, it } from 'vitest';
import { LongestTurn } from '../../src/shard/longest-turn.ts';

const startMs = 1_800_000_000_000;

/** The longest of turns that end within the last so many milliseconds, as far as they are known. */
function longestOf(turns: readonly (readonly [endMs: number, tookMs: number])[], sinceMs: number): number {
  return Math.max(0, ...turns.filter(([endMs]) => endMs >= sinceMs).map(([, tookMs]) => tookMs));
}

describe('LongestTurn', () => {
  it('knows a turn by the beginning of the next one, or of the sleep behind it', () => {
    const longest = new LongestTurn();
    expect(longest.begin(startMs)).toBe(0);
    expect(longest.begin(startMs + 5)).toBe(5);
    expect(longest.begin(startMs + 7)).toBe(5);
    longest.end(startMs + 16);
    // Asleep for a second: that is no turn.
    expect(longest.begin(startMs + 1_016)).toBe(9);
  });

  it('remembers a turn for half a minute to a minute', () => {
    const longest = new LongestTurn();
    longest.begin(startMs);
    longest.begin(startMs + 500);
    for (let ms = 1_000; ms < 60_000; ms += 1_000) {
      const told = longest.begin(startMs + ms);
      longest.end(startMs + ms + 1);
      if (ms < 30_000) expect(told, `after ${ms} ms`).toBe(500);
    }
    expect(longest.begin(startMs + 60_000)).toBe(1);
  });

  it('remembers nothing of a time long ago', () => {
    const longest = new LongestTurn();
    longest.begin(startMs);
    longest.end(startMs + 500);
    expect(longest.begin(startMs + 3_600_000)).toBe(0);
  });

  it('is between the longest of 30 s and that of 60 s, whatever happens', () => {
    const longest = new LongestTurn();
    const turns: [number, number][] = [];
    let nowMs = startMs;
    let seed = 7;
    for (let i = 0; i < 5_000; i++) {
      seed = (seed * 48_271) % 2_147_483_647;
      const tookMs = seed % 97;
      const told = longest.begin(nowMs);
      expect(told).toBeGreaterThanOrEqual(longestOf(turns, nowMs - 29_900));
      expect(told).toBeLessThanOrEqual(longestOf(turns, nowMs - 60_100));
      nowMs += tookMs;
      longest.end(nowMs);
      turns.push([nowMs, tookMs]);
      nowMs += seed % 53;
    }
  });
});
