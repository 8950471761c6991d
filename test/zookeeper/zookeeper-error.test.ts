import { describe, expect, it } from 'vitest';
import * as errors from '../../src/zookeeper/zookeeper-error.ts';

const {
  ClientClosedError,
  ConnectionLossError,
  MalformedReplyError,
  MultiFailedError,
  NoServerError,
  RequestTimeoutError,
  SessionExpiredError,
  TooManyRequestsError,
  ZooKeeperError,
  ZooKeeperUseError,
} = errors;

const cause = new RangeError('why');

/** Programs tell errors by these names and codes, so they stay as they are. */
const all: [string, errors.ZooKeeperError, string, string, string][] = [
  [
    'MalformedReplyError',
    new MalformedReplyError('why'),
    'ZOOKEEPER_MALFORMED_REPLY',
    'the server sent what cannot be understood: why',
    '',
  ],
  ['ZooKeeperUseError', new ZooKeeperUseError('why', '/a'), 'ZOOKEEPER_USE', 'why', '/a'],
  [
    'ConnectionLossError',
    new ConnectionLossError('/a', cause),
    'ZOOKEEPER_CONNECTION_LOSS',
    'the connection was lost (/a)',
    '/a',
  ],
  [
    'RequestTimeoutError',
    new RequestTimeoutError('/a', 70),
    'ZOOKEEPER_REQUEST_TIMEOUT',
    'no server could be asked within 70 ms (/a)',
    '/a',
  ],
  [
    'SessionExpiredError',
    new SessionExpiredError('/a'),
    'ZOOKEEPER_SESSION_EXPIRED',
    'the session has expired (/a)',
    '/a',
  ],
  [
    'ClientClosedError',
    new ClientClosedError('/a'),
    'ZOOKEEPER_CLIENT_CLOSED',
    'the client was closed (/a)',
    '/a',
  ],
  [
    'TooManyRequestsError',
    new TooManyRequestsError('/a', 70),
    'ZOOKEEPER_TOO_MANY_REQUESTS',
    'more than 70 requests wait for an answer',
    '/a',
  ],
  [
    'NoServerError',
    new NoServerError('a:1,b:2', 70, cause),
    'ZOOKEEPER_NO_SERVER',
    'none of a:1,b:2 could be reached within 70 ms: why',
    '',
  ],
  [
    'MultiFailedError',
    new MultiFailedError([null, new ZooKeeperUseError('why', '/a'), new ZooKeeperUseError('not why', '/b')]),
    'ZOOKEEPER_MULTI_FAILED',
    'none was done: why',
    '/a',
  ],
];

describe('an error', () => {
  it.each(all)('has a name, a code and a path: %s', (name, error, code, message, path) => {
    expect([error.name, error.code, error.message, error.path]).toEqual([name, code, message, path]);
    expect([error instanceof Error, error instanceof ZooKeeperError]).toEqual([true, true]);
  });

  it('has a class of its own for each code', () => {
    const names = Object.keys(errors).filter((name) => name !== 'ZooKeeperError');
    expect(all.map(([name]) => name).sort()).toEqual(names.sort());
    expect(new Set(all.map(([, error]) => error.code)).size).toBe(names.length);
  });

  it('has what it came from as its cause, and none otherwise', () => {
    expect(new ConnectionLossError('/a', cause).cause).toBe(cause);
    expect(new NoServerError('a:1', 70, cause).cause).toBe(cause);
    for (const error of [new ConnectionLossError('/a'), new NoServerError('a:1', 70)])
      expect(Object.hasOwn(error, 'cause')).toBe(false);
  });

  it('names no path where none was asked for', () => {
    const bare = [new ConnectionLossError(''), new SessionExpiredError(), new ClientClosedError()];
    expect(bare.map(({ message, path }) => [message, path])).toEqual([
      ['the connection was lost', ''],
      ['the session has expired', ''],
      ['the client was closed', ''],
    ]);
    expect(new NoServerError('a:1', 70).message).toBe('none of a:1 could be reached within 70 ms');
  });
});

describe('a multi that failed', () => {
  const [first, second] = [new ZooKeeperUseError('first', '/b'), new ZooKeeperUseError('second', '/c')];

  it('says why for each of its operations, and at first what came first', () => {
    const reasons = [null, first, null, second];
    const error = new MultiFailedError(reasons);
    expect(error.errors).toEqual(reasons);
    expect([error.cause, error.path]).toEqual([first, '/b']);
  });

  it('may give no reason', () => {
    const error = new MultiFailedError([null, null]);
    expect([error.message, error.path, error.cause]).toEqual([
      'none was done: no reason given',
      '',
      undefined,
    ]);
  });
});
