import fc from 'fast-check';
import { Value } from 'typebox/value';
import { describe, expect, it } from 'vitest';
import { Method } from '../../../src/contract/method.ts';
import { parseGrpcTimeoutMs } from '../../../src/protocol/grpc/timeout.ts';
import { requestFields } from '../../../src/protocol/rest/request-fields.ts';
import { RequestJson } from '../../../src/protocol/rest/request-json.ts';
import { LockHeaders, requestSchema } from '../../../src/server/rest/rest-schemas.ts';
import { integerText } from './integer-texts.ts';
import { RestClient, runRest } from './rest-client.ts';

const json = new RequestJson();
const isRead = (method: Method, body: unknown): boolean =>
  json.encode(method, Buffer.from(JSON.stringify(body))) >= 0;
const schemas = new Map(Object.values(Method).map((method) => [method, requestSchema(method)]));
const isDocumented = (method: Method, body: unknown): boolean => Value.Check(schemas.get(method)!, body);

/** Values that fields have, or that somebody might think they have. */
const value = fc.oneof(
  fc.constantFrom(
    null,
    true,
    1.5,
    2 ** 31,
    2 ** 32,
    -1,
    -(2 ** 31) - 1,
    1e30,
    [],
    {},
    [1],
    'EXCLUSIVE',
    'SHARED',
    'shared',
  ),
  fc.constantFrom(
    '',
    ' 1',
    '1.5',
    '-',
    '-0',
    '007',
    'QUJD',
    'QUI=',
    'QQ',
    'Q',
    'Q===',
    '-_-_',
    '+/+/',
    '+-',
    'ä',
  ),
  fc.integer(),
  integerText,
  fc.string(),
);

describe('the schema of a request', () => {
  it.each(Object.values(Method))('takes what the decoder takes, and nothing else: method %i', (method) => {
    const body = fc.dictionary(fc.constantFrom(...requestFields[method].keys(), 'unknown'), value, {
      maxKeys: 3,
    });
    fc.assert(
      fc.property(body, (fields) => {
        expect({ fields, read: isRead(method, fields) }).toStrictEqual({
          fields,
          read: isDocumented(method, fields),
        });
      }),
      { numRuns: 2_000 },
    );
  });

  it.each(['2147483647', '2.0', '1e1', '-2.147483648e9'])('takes the text %j for a number', (text) => {
    const body = { size: text, lock_timeout_ms: text };
    expect(isRead(Method.TryLock, body)).toBe(true);
    expect(isDocumented(Method.TryLock, body)).toBe(true);
  });

  it('takes the largest numbers of each type', () => {
    const body = {
      lock_timeout_ms: '9223372036854775807',
      permits: '4294967295',
      wait_timeout_ms: '86400000000',
    };
    expect(isRead(Method.Lock, body)).toBe(true);
    expect(isDocumented(Method.Lock, body)).toBe(true);
  });

  it.each([[null], [[]], ['a'], [1], [true]])('is for objects only, and not for %j', (body) => {
    expect(isRead(Method.TryLock, body)).toBe(false);
    expect(isDocumented(Method.TryLock, body)).toBe(false);
  });
});

describe('the headers of a lock operation', () => {
  const isHeader = (name: string, value: string): boolean => Value.Check(LockHeaders, { [name]: value });

  it('are the timeouts that are taken, and no others', () => {
    const text = fc.oneof(fc.stringMatching(/^[0-9]{1,9}[HMSmunsh]$/), fc.string({ maxLength: 4 }));
    fc.assert(
      fc.property(text, (timeout) => {
        const isTaken = !Number.isNaN(parseGrpcTimeoutMs(timeout));
        expect({ timeout, is: isHeader('Grpc-Timeout', timeout) }).toStrictEqual({ timeout, is: isTaken });
      }),
      { numRuns: 2_000 },
    );
  });

  it('are the method that is taken, and no other', async () => {
    const { rest } = await runRest();
    const client = await RestClient.begin(rest);
    for (const method of ['POST', 'post', 'Post', 'PUT', 'POSTS', '']) {
      const headers = { 'x-http-method-override': method };
      const { status } = await client.ask('POST', '/v1/lock', '{"name":"a"}', { headers });
      expect({ method, taken: status === 200 }).toStrictEqual({
        method,
        taken: isHeader('X-HTTP-Method-Override', method),
      });
    }
  });
});
