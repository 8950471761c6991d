import { describe, expect, it } from 'vitest';
import { failureKindOf } from '../../src/client/failure-kinds.ts';

describe('the kind of a failed call', () => {
  it.each([
    [14, 'unavailable'],
    [4, 'unanswered'],
    [16, 'unauthenticated'],
    [1, 'aborted'],
    [2, 'refused'],
    [3, 'refused'],
    [8, 'refused'],
    [13, 'refused'],
  ])('is told by its status: %i is %s', (status, kind) => {
    expect(failureKindOf(status, '')).toBe(kind);
  });

  const prefix = 'Received RST_STREAM with code 2 triggered by internal client error: ';
  it.each(['write EPIPE', 'read EHOSTUNREACH', 'read ENETUNREACH', 'write ECANCELED'])(
    'is that nobody was reached when grpc-js says INTERNAL of a socket: %s',
    (text) => {
      expect(failureKindOf(13, prefix + text)).toBe('unavailable');
    },
  );

  it.each([
    `${prefix}Protocol error`,
    'write EPIPE',
    'Received RST_STREAM with code 2 (Internal server error)',
  ])('is an answer where it was the protocol or the server: %s', (text) => {
    expect(failureKindOf(13, text)).toBe('refused');
  });
});
