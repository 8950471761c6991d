import { describe, expect, it } from 'vitest';
import { Limits } from '../../../src/base/limits.ts';
import { ReleasedRequests } from '../../../src/engine/zookeeper/released-requests.ts';

const { requestMemoryMs, requestMemoryCountMax } = Limits;

describe('the requests that were released', () => {
  it('are remembered up to their time, and not beyond it', () => {
    const released = new ReleasedRequests();
    released.add('a', 1_000);
    expect(released.has('a', 1_000)).toBe(true);
    expect(released.has('b', 1_000)).toBe(false);
    expect(released.has('a', 1_000 + requestMemoryMs - 1)).toBe(true);
    expect(released.has('a', 1_000 + requestMemoryMs)).toBe(false);
  });

  it('are remembered anew when they are released again', () => {
    const released = new ReleasedRequests();
    released.add('a', 0);
    released.add('b', 10);
    released.add('a', 20);
    expect(released.has('b', requestMemoryMs + 10)).toBe(false);
    expect(released.has('a', requestMemoryMs + 10)).toBe(true);
    expect(released.has('a', requestMemoryMs + 20)).toBe(false);
  });

  it('are as many as the limit says, of more the oldest are forgotten', () => {
    const released = new ReleasedRequests();
    for (let i = 0; i < requestMemoryCountMax; i++) released.add(`request ${i}`, 0);
    expect(released.has('request 0', 0)).toBe(true);
    released.add('one more', 0);
    expect(released.has('request 0', 0)).toBe(false);
    expect(released.has('request 1', 0)).toBe(true);
    expect(released.has('one more', 0)).toBe(true);
  });
});
