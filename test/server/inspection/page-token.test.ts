import { describe, expect, it } from 'vitest';
import { PageTokenError } from '../../../src/server/inspection/inspector.ts';
import { decodePageToken, encodePageToken } from '../../../src/server/inspection/page-token.ts';

describe('a page token', () => {
  it('says where to go on', () => {
    const position = { shard: 3, row: 4_000_000_000 };
    expect(decodePageToken(encodePageToken(position, 7), 7, 4)).toStrictEqual(position);
  });

  it('stands for the beginning when it is empty', () => {
    expect(decodePageToken('', 7, 4)).toStrictEqual({ shard: 0, row: 1 });
  });

  it.each([
    ['another boot', encodePageToken({ shard: 0, row: 1 }, 8)],
    ['a shard that is not there', encodePageToken({ shard: 4, row: 1 }, 7)],
    ['row 0', encodePageToken({ shard: 0, row: 0 }, 7)],
    ['too few bytes', encodePageToken({ shard: 0, row: 1 }, 7).slice(1)],
    ['too many bytes', `${encodePageToken({ shard: 0, row: 1 }, 7)}AAAA`],
    ['what is no base64', 'nonsense!'],
    ['base64 with padding', `${encodePageToken({ shard: 0, row: 1 }, 7)}==`],
  ])('is refused for %s', (_what, token) => {
    expect(() => decodePageToken(token, 7, 4)).toThrow(PageTokenError);
  });
});
