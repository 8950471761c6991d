import { describe, expect, it } from 'vitest';
import { Limits } from '../../src/base/limits.ts';
import { requestIdIn, requestKey, requestKeyBytesMax } from '../../src/core/request-key.ts';

const longest = 'n'.repeat(Limits.nameBytesMax);
const id = 'r'.repeat(Limits.requestIdBytesMax);

describe('requestKey', () => {
  it('is never longer than it is said to be, and short however long the name', () => {
    for (const name of ['a', 'n'.repeat(64), 'n'.repeat(65), longest]) {
      expect(requestKey(name, id, 7).length).toBeLessThanOrEqual(requestKeyBytesMax(name, id));
    }
    expect(requestKey('n'.repeat(64), id, 7)).toHaveLength(requestKeyBytesMax('n'.repeat(64), id));
    expect(requestKeyBytesMax(longest, id)).toBe(1 + 64 + 64);
  });

  it('tells pairs apart that are the same behind each other', () => {
    expect(requestKey('1name', 'request-', 7)).not.toBe(requestKey('name', 'request-1', 7));
    expect(requestKey(`1${longest}`, 'request-', 7)).not.toBe(requestKey(longest, 'request-1', 7));
    const digested = requestKey(longest, 'request-', 7);
    expect(requestKey(digested.slice(1 + 'request-'.length), 'request-', 7)).not.toBe(digested);
  });

  it('gives the request id back, whatever stands behind it', () => {
    for (const name of ['', 'a', longest]) {
      for (const requestId of ['\xff'.repeat(8), id]) {
        expect(requestIdIn(requestKey(name, requestId, 7))).toBe(requestId);
      }
    }
  });

  it('tells long names apart that differ in one byte, by a digest that nobody knows without the seed', () => {
    const keys = new Set<string>();
    for (let i = 0; i < 100; i++) {
      for (const byte of ['a', 'b', '\x80', '\xff']) {
        keys.add(requestKey('n'.repeat(i) + byte + 'n'.repeat(100 - i), id, 7));
      }
    }
    expect(keys.size).toBe(401 - 1);
    expect(requestKey(longest, id, 7)).not.toBe(requestKey(longest, id, 8));
  });
});
