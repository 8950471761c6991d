import { describe, expect, it } from 'vitest';
import { Limits } from '../../../src/base/limits.ts';
import { readUnlockRequest } from '../../../src/server/admin/unlock-request.ts';

describe('a request to unlock', () => {
  it('names a holder by 8 characters of its key or more, or means all', () => {
    const longest = 'k'.repeat(Limits.keyBytesMax);
    expect(readUnlockRequest({ name: 'a', key: '12345678' })).toStrictEqual({
      name: 'a',
      key: '12345678',
      all: false,
    });
    expect(readUnlockRequest({ name: 'a', key: longest, all: false })).toMatchObject({ key: longest });
    const longestName = 'ü'.repeat(Limits.nameBytesMax / 2);
    expect(readUnlockRequest({ name: longestName, all: true })).toMatchObject({ name: longestName });
    expect(readUnlockRequest({ name: 'a', all: true })).toStrictEqual({ name: 'a', key: '', all: true });
  });

  it.each<[string, unknown, RegExp]>([
    ['nothing', undefined, /must be a JSON object/],
    ['a list', [], /must be a JSON object/],
    ['no name', { key: '12345678' }, /^name must be/],
    ['an empty name', { name: '', key: '12345678' }, /^name must be/],
    ['a name that is no text', { name: 1, key: '12345678' }, /^name must be/],
    [
      'a name that is too long',
      { name: `${'ü'.repeat(Limits.nameBytesMax / 2)}a`, key: '12345678' },
      /^name has 65537 bytes of UTF-8, and names of locks have at most 65536$/,
    ],
    ['half a surrogate pair', { name: 'a\ud83d', key: '12345678' }, /^name has half a surrogate pair/],
    ['a key that is no text', { name: 'a', key: 12345678 }, /^key must be a string/],
    ['an all that is neither true nor false', { name: 'a', all: 1 }, /all true or false/],
    ['neither key nor all', { name: 'a' }, /^either key or all/],
    ['both', { name: 'a', key: '12345678', all: true }, /^either key or all/],
    ['a key that is too short', { name: 'a', key: '1234567' }, /^key must be 8 to 256 characters/],
    [
      'a key that is too long',
      { name: 'a', key: 'k'.repeat(Limits.keyBytesMax + 1) },
      /^key must be 8 to 256/,
    ],
    [
      'a field that is not known',
      { name: 'a', All: true },
      /^unknown field "All": name, key and all are known$/,
    ],
  ])('is refused with %s', (_what, body, message) => {
    expect(() => readUnlockRequest(body)).toThrow(
      expect.objectContaining({
        code: 'LDLM_PAGE_REQUEST',
        statusCode: 400,
        message: expect.stringMatching(message),
      }),
    );
  });
});
