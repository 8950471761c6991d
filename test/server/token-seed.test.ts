import { describe, expect, it } from 'vitest';
import { tokenSeedAt } from '../../src/server/token-seed.ts';

const tokenAt = (wallMs: number): bigint => {
  const { tokenSeed, tokenSeedLow } = tokenSeedAt(wallMs);
  return (BigInt(tokenSeed) << 32n) + BigInt(tokenSeedLow);
};

describe('tokenSeedAt', () => {
  it('counts seconds since 2020 in the high word', () => {
    expect(tokenSeedAt(Date.UTC(2020, 0, 1))).toEqual({ tokenSeed: 0, tokenSeedLow: 0 });
    expect(tokenSeedAt(Date.UTC(2020, 0, 2))).toEqual({ tokenSeed: 86_400, tokenSeedLow: 0 });
  });

  it('leaves four million tokens between two milliseconds, within a second and across two', () => {
    for (const ms of [Date.UTC(2026, 5, 1), Date.UTC(2026, 5, 1) + 998, Date.UTC(2026, 5, 1) + 999]) {
      expect(tokenAt(ms + 1) - tokenAt(ms)).toBeGreaterThanOrEqual(4_000_000n);
    }
  });

  it('stays below 2^63 and within two unsigned words until the year 2088', () => {
    const { tokenSeed, tokenSeedLow } = tokenSeedAt(Date.UTC(2088, 0, 1) - 1);
    expect(tokenSeed).toBeLessThan(2 ** 31);
    expect(tokenSeedLow).toBeLessThan(2 ** 32);
  });

  it('begins at 0 when the clock stands before 2020', () => {
    expect(tokenSeedAt(0)).toEqual({ tokenSeed: 0, tokenSeedLow: 0 });
  });
});
