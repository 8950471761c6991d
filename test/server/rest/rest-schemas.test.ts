import fc from 'fast-check';
import { Value } from 'typebox/value';
import { describe, expect, it } from 'vitest';
import { Method } from '../../../src/contract/method.ts';
import { requestFields } from '../../../src/protocol/rest/request-fields.ts';
import { RequestJson } from '../../../src/protocol/rest/request-json.ts';
import { requestSchema } from '../../../src/server/rest/rest-schemas.ts';

const json = new RequestJson();
const isRead = (method: Method, body: unknown): boolean =>
  json.encode(method, Buffer.from(JSON.stringify(body))) >= 0;
const schemas = new Map(Object.values(Method).map((method) => [method, requestSchema(method)]));
const isDocumented = (method: Method, body: unknown): boolean => Value.Check(schemas.get(method)!, body);

/** Values that fields have, or that somebody might think they have. Numbers as texts in their usual form only. */
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
  fc.integer({ min: -(10 ** 9) + 1, max: 10 ** 9 - 1 }).map(String),
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

  it.each([[null], [[]], ['a'], [1], [true]])('is for objects only, and not for %j', (body) => {
    expect(isRead(Method.TryLock, body)).toBe(false);
    expect(isDocumented(Method.TryLock, body)).toBe(false);
  });
});
