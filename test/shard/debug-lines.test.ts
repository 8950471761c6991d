import { describe, expect, it } from 'vitest';
import { LockKey } from '../../src/core/lock-key.ts';
import { shownKey, shownName } from '../../src/shard/debug-lines.ts';

const byteString = (text: string): string => Buffer.from(text).toString('latin1');

describe('shownName', () => {
  it('shows the text that the bytes stand for', () => {
    expect(shownName(byteString('naïve/鍵 🔒'))).toBe('naïve/鍵 🔒');
  });

  it('cuts what is very long', () => {
    expect(shownName('n'.repeat(256))).toBe('n'.repeat(256));
    expect(shownName('n'.repeat(257))).toBe(`${'n'.repeat(256)}...`);
  });
});

describe('shownKey', () => {
  it.each([
    [0, '00000000'],
    [-1, 'ffffffff'],
    [0x0f8c_2e5a, '0f8c2e5a'],
  ])('shows the first 8 characters of a key that begins with %s', (word, text) => {
    expect(shownKey(Object.assign(new LockKey(), { a: word, b: 1, c: 2, d: 3 }))).toBe(text);
  });
});
