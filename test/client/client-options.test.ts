import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkClientOptions, type LdlmClientOptions, readMs } from '../../src/client/client-options.ts';
import { InvalidOptionError } from '../../src/client/errors.ts';

/** Options as a caller without types may give them. */
function check(options: object) {
  return checkClientOptions(options as LdlmClientOptions);
}

describe('the options of a client', () => {
  it('have defaults', () => {
    expect(check({})).toEqual({
      transport: 'grpc',
      addresses: ['localhost:3144'],
      password: '',
      tls: null,
      autoRenew: true,
      lockTimeoutMs: 30_000,
      retries: Number.POSITIVE_INFINITY,
      retryDelayMs: 1_000,
      channelOptions: {},
    });
    expect(check({ transport: 'rest' }).addresses).toEqual(['localhost:8080']);
  });

  it('are taken as they are given', () => {
    const given = {
      transport: 'grpc',
      address: 'lock.example:1',
      password: 'secret',
      autoRenew: false,
      lockTimeoutMs: 5,
      retries: 0,
      retryDelayMs: 0,
      channelOptions: { 'grpc.enable_channelz': 0 },
    };
    const { address, ...rest } = given;
    expect(check(given)).toEqual({ ...rest, addresses: [address], tls: null });
  });

  it('speak TLS as they say', () => {
    const tls = { serverName: 'x', skipVerify: true };
    expect([check({ tls }).tls, check({ tls: {} }).tls, check({ tls: true }).tls]).toEqual([tls, {}, {}]);
    expect([check({ tls: false }).tls, check({ tls: undefined }).tls]).toEqual([null, null]);
  });

  it('tell the lock timeout in milliseconds or in seconds, of which milliseconds count first', () => {
    expect(check({ lockTimeoutSeconds: 1.5 }).lockTimeoutMs).toBe(1_500);
    expect(check({ lockTimeoutSeconds: 9, lockTimeoutMs: 0 }).lockTimeoutMs).toBe(0);
  });

  it.each([
    [{ retries: -1 }, 'retries must be 0 or more, not -1'],
    [{ retries: Number.NaN }, 'retries must be 0 or more, not NaN'],
    [{ retries: 'many' }, 'retries must be 0 or more, not many'],
    [{ retryDelayMs: -1 }, 'retryDelayMs must be a number from 0 on, not -1'],
    [{ retryDelayMs: Number.POSITIVE_INFINITY }, 'retryDelayMs must be a number from 0 on, not Infinity'],
    [{ lockTimeoutMs: -0.5 }, 'lockTimeoutMs must be a number from 0 on, not -0.5'],
    [{ lockTimeoutMs: '5' }, 'lockTimeoutMs must be a number from 0 on, not 5'],
    [{ lockTimeoutSeconds: -2 }, 'lockTimeoutSeconds must be a number from 0 on, not -2'],
    [{ transport: 'http' }, 'transport must be grpc or rest, not "http"'],
    [{ transport: null }, 'transport must be grpc or rest, not null'],
    [{ transport: 'rest', channelOptions: {} }, 'channelOptions are for the transport grpc'],
  ])('are refused as %o', (options, message) => {
    expect(() => check(options)).toThrow(new InvalidOptionError(message));
  });
});

describe('what is no object', () => {
  it.each([['localhost:3144'], [7], [null], [new AbortController().signal]])(
    'is refused as options: %s',
    (given) => {
      expect(() => checkClientOptions(given as LdlmClientOptions)).toThrow(
        new InvalidOptionError(
          `options must be an object such as { address: 'localhost:3144' }, not ${String(given)}`,
        ),
      );
    },
  );
});

describe('an address', () => {
  it.each(['localhost:3144', '127.0.0.1:1', '[::1]:65535', 'a-b.example:80'])(
    'of %s is one for both transports',
    (address) => {
      expect(check({ address }).addresses).toEqual([address]);
      expect(check({ address, transport: 'rest' }).addresses).toEqual([address]);
    },
  );

  it.each([
    { address: ['a:1', 'b:2', 'c:3'] },
    { address: 'a:1,b:2 , c:3' },
    { address: ['a:1,b:2', 'c:3'] },
  ])('may be several, in their order: %o', ({ address }) => {
    expect(check({ address }).addresses).toEqual(['a:1', 'b:2', 'c:3']);
    expect(check({ address, transport: 'rest' }).addresses).toEqual(['a:1', 'b:2', 'c:3']);
  });

  it.each([
    [[], 'address must name at least one server'],
    [['a:1', 'b'], 'address must be host:port, such as localhost:3144, not "b"'],
    ['a:1,', 'address must be host:port, such as localhost:3144, not ""'],
    [['a:1', 7], 'address must be host:port, such as localhost:3144, not 7'],
    [['a:1', ['b:1']], 'address must be host:port, such as localhost:3144, not ["b:1"]'],
    ['a:1,b:2,a:1', 'address names a:1 twice'],
  ])('is refused as %j', (address, message) => {
    expect(() => check({ address })).toThrow(new InvalidOptionError(message));
  });

  it.each([
    '',
    'localhost',
    'localhost:',
    ':3144',
    'localhost:port',
    'localhost:123456',
    'http://localhost:80',
    'local host:80',
    'localhost:80/',
    'localhost:80\n',
    7,
  ])('of %j is none for either', (address) => {
    expect(() => check({ address })).toThrow(
      `address must be host:port, such as localhost:3144, not ${JSON.stringify(address)}`,
    );
    expect(() => check({ address, transport: 'rest' })).toThrow(InvalidOptionError);
  });

  it.each([
    'localhost:65536',
    'localhost:0',
    'me@localhost:80',
    'a?b:80',
    'a#b:80',
    'a\\b:80',
    '::1:80',
    'a:1;b:2',
  ])('of %s is none, though it looks like one', (address) => {
    expect(() => check({ address })).toThrow('such as localhost:3144');
    expect(() => check({ address, transport: 'rest' })).toThrow('such as localhost:8080');
  });
});

describe('a time', () => {
  it('is one that is not given when it is given in neither way', () => {
    expect(readMs('x', undefined, undefined)).toBeUndefined();
  });

  it.each([
    [0, undefined, 0],
    [1, undefined, 1],
    [0.1, undefined, 1],
    [1.5, 99, 2],
    [2 ** 53 - 1, undefined, 2 ** 53 - 1],
    [undefined, 0, 0],
    [undefined, 0.0001, 1],
    [undefined, 2, 2_000],
  ])('of %s ms or %s s is %d ms', (ms, seconds, expected) => {
    expect(readMs('x', ms, seconds)).toBe(expected);
  });

  it('is a whole number that is not below what was asked for, and at most one above', () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 2 ** 50, noNaN: true }), (ms) => {
        const read = readMs('x', ms, undefined)!;
        expect(Number.isInteger(read) && read >= ms && read - ms <= 1).toBe(true);
      }),
    );
  });

  it.each([-1, -Number.MIN_VALUE, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53])('cannot be %d', (value) => {
    expect(() => readMs('wait', value, undefined)).toThrow(
      new InvalidOptionError(`waitMs must be a number from 0 on, not ${value}`),
    );
    expect(() => readMs('wait', undefined, value)).toThrow(
      new InvalidOptionError(`waitSeconds must be a number from 0 on, not ${value}`),
    );
  });
});
