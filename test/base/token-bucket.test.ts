import { describe, expect, it } from 'vitest';
import { TokenBucket } from '../../src/base/token-bucket.ts';

function takeAll(bucket: TokenBucket, nowMs: number): number {
  let taken = 0;
  while (bucket.take(nowMs)) taken++;
  return taken;
}

describe('TokenBucket', () => {
  it('gives its burst at once, and not one more', () => {
    expect(takeAll(new TokenBucket(5, 10, 0), 0)).toBe(5);
  });

  it('fills up at its rate', () => {
    const bucket = new TokenBucket(5, 10, 0);
    takeAll(bucket, 0);
    expect(takeAll(bucket, 99)).toBe(0);
    expect(takeAll(bucket, 100)).toBe(1);
    expect(takeAll(bucket, 400)).toBe(3);
  });

  it('never holds more than its burst', () => {
    const bucket = new TokenBucket(5, 10, 0);
    expect(takeAll(bucket, 1_000_000)).toBe(5);
  });

  it('spills what it is told to, and never owes any', () => {
    const bucket = new TokenBucket(5, 10, 0);
    bucket.spill(3, 0);
    expect(takeAll(bucket, 0)).toBe(2);
    bucket.spill(100, 0);
    expect(takeAll(bucket, 100)).toBe(1);
  });
});
