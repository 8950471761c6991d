import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Limits } from '../../../src/base/limits.ts';
import { Method } from '../../../src/contract/method.ts';
import { camelCase } from '../../../src/protocol/rest/request-fields.ts';
import { RequestJson } from '../../../src/protocol/rest/request-json.ts';
import {
  loadCoder,
  lockMessages,
  type RequestMessage,
  renewMessages,
  tryLockMessages,
  unlockMessages,
} from '../protobuf/ldlm-coder.ts';

const encoder = new RequestJson();
const coders = {
  [Method.Lock]: loadCoder('Lock'),
  [Method.TryLock]: loadCoder('TryLock'),
  [Method.Unlock]: loadCoder('Unlock'),
  [Method.Renew]: loadCoder('Renew'),
};

/** The message that JSON stands for, or the text with which it is refused. */
function encode(method: Method, json: string | Buffer): RequestMessage | string {
  const length = encoder.encode(method, Buffer.from(json));
  if (length < 0) return encoder.error;
  expect(encoder.error).toBe('');
  const { requestDeserialize } = coders[method];
  return requestDeserialize(Buffer.from(encoder.bytes.subarray(0, length)));
}

/** The same message by way of proto-loader's encoding. */
function viaProtoLoader(method: Method, message: RequestMessage): RequestMessage {
  const { requestSerialize, requestDeserialize } = coders[method];
  return requestDeserialize(requestSerialize(message));
}

const modeNames = ['EXCLUSIVE', 'SHARED'];

/** One of the ways to write a value of a field. */
function writeValue(name: string, value: unknown, style: number): string {
  if (Buffer.isBuffer(value)) return JSON.stringify(value.toString(style % 2 === 0 ? 'base64' : 'base64url'));
  if (name === 'mode') {
    const named = modeNames[Number(value)];
    return named !== undefined && style % 2 === 0 ? JSON.stringify(named) : String(value);
  }
  if (typeof value === 'number' || name.endsWith('_ms')) {
    return [String(value), JSON.stringify(String(value)), `${value}.0`, `"${value}e0"`][style % 4]!;
  }
  const text = String(value);
  if (style % 2 === 0) return JSON.stringify(text);
  return `"${Array.from(text, (_c, i) => i).length === 0 ? '' : escapeAll(text)}"`;
}

function escapeAll(text: string): string {
  let escaped = '';
  for (let i = 0; i < text.length; i++) escaped += `\\u${text.charCodeAt(i).toString(16).padStart(4, '0')}`;
  return escaped;
}

const blank = fc.constantFrom('', ' ', '\t', '\r\n', '  ');
const unknownField = fc.tuple(
  fc
    .string()
    .filter(
      (name) => !/^(name|key|size|mode|permits|holder|(lock|wait)_?[tT]imeout.*|request_?[iI]d)$/.test(name),
    ),
  fc.json({ maxDepth: 2 }),
);

/** The styles in which the fields of a message are written, and what stands between and behind them. */
const styles = fc.record({
  styles: fc.array(fc.nat({ max: 7 }), { minLength: 12, maxLength: 12 }),
  unknown: fc.array(unknownField, { maxLength: 3 }),
  blank,
  behind: fc.constantFrom('', ' ', 'garbage', '{"name":"other"}', '}'),
});

function writeJson(
  message: RequestMessage,
  style: { styles: number[]; unknown: [string, string][]; blank: string; behind: string },
): string {
  const between = style.blank;
  const members = Object.entries(message).flatMap(([name, value], i) => {
    const written = style.styles[i]!;
    const spelling = written > 3 ? camelCase(name) : name;
    // What is not there may be left out or be null.
    if (value === undefined && written > 3) return [];
    const text = value === undefined ? 'null' : writeValue(name, value, written);
    return [`"${spelling}"${between}:${between}${text}`];
  });
  for (const [name, value] of style.unknown) members.push(`${JSON.stringify(name)}:${value}`);
  return `${between}{${between}${members.join(`${between},`)}${between}}${style.behind}`;
}

describe('a request in JSON', () => {
  it.each([
    ['Lock', Method.Lock, lockMessages],
    ['TryLock', Method.TryLock, tryLockMessages],
    ['Unlock', Method.Unlock, unlockMessages],
    ['Renew', Method.Renew, renewMessages],
  ] as const)(
    'of %s, however it is written, stands for the message that proto-loader encodes',
    (_name, method, messages) => {
      fc.assert(
        fc.property(messages as fc.Arbitrary<RequestMessage>, styles, (message, style) => {
          expect(encode(method, writeJson(message, style))).toStrictEqual(viaProtoLoader(method, message));
        }),
        { numRuns: 500 },
      );
    },
  );

  it.each(['', ' ', '\n\t', '{}', ' { } ', '{}}', '{} garbage'])('may be empty: %j', (json) => {
    expect(encode(Method.Lock, json)).toStrictEqual({});
  });

  it('takes integers in every notation', () => {
    for (const value of ['120', '"120"', '120.0', '1.2e2', '"1.2e2"', '12E1']) {
      expect(encode(Method.TryLock, `{"lock_timeout_seconds":${value}}`)).toStrictEqual({
        lock_timeout_seconds: 120,
      });
    }
    expect(encode(Method.TryLock, '{"size":-0}')).toStrictEqual({ size: 0 });
    expect(
      encode(Method.TryLock, '{"size":2147483647,"lockTimeoutMs":"-9223372036854775808"}'),
    ).toStrictEqual({
      size: 2147483647,
      lock_timeout_ms: '-9223372036854775808',
    });
  });

  it('passes over what it does not know, however wrong that would be elsewhere', () => {
    expect(
      encode(Method.TryLock, '{"Name":5,"wait_timeout_seconds":"x","a":{"name":[]},"a":1}'),
    ).toStrictEqual({});
  });

  it('knows a field by its name also when that is escaped', () => {
    expect(encode(Method.TryLock, '{"n\\u0061me":"a"}')).toStrictEqual({ name: 'a' });
  });

  it.each([
    ['{"name":', 'unexpected EOF'],
    ['garbage', "invalid character 'g' looking for beginning of value"],
    ['[]', 'proto: syntax error: unexpected token ['],
    ['null', 'proto: syntax error: unexpected token null'],
    ['"a"', 'proto: syntax error: unexpected token "a"'],
    ['5', 'proto: syntax error: unexpected token 5'],
    ['[garbage', "invalid character 'g' looking for beginning of value"],
    ['{"name":5}', 'proto: invalid value for string field name: 5'],
    ['{"name":true}', 'proto: invalid value for string field name: true'],
    ['{"name":["a"]}', 'proto: invalid value for string field name: ['],
    ['{"size":1.5}', 'proto: invalid value for int32 field size: 1.5'],
    ['{"size":99999999999}', 'proto: invalid value for int32 field size: 99999999999'],
    ['{"size":2147483648}', 'proto: invalid value for int32 field size: 2147483648'],
    ['{"size":true}', 'proto: invalid value for int32 field size: true'],
    ['{"size":""}', 'proto: invalid value for int32 field size: ""'],
    ['{"size":" 1"}', 'proto: invalid value for int32 field size: " 1"'],
    ['{"size":{}}', 'proto: invalid value for int32 field size: {'],
    ['{"permits":-1}', 'proto: invalid value for uint32 field permits: -1'],
    ['{"mode":"shared"}', 'proto: invalid value for enum field mode: "shared"'],
    ['{"mode":"1"}', 'proto: invalid value for enum field mode: "1"'],
    ['{"mode":false}', 'proto: invalid value for enum field mode: false'],
    ['{"request_id":"*"}', 'proto: invalid value for bytes field request_id: "*"'],
    ['{"request_id":5}', 'proto: invalid value for bytes field request_id: 5'],
    [
      '{"lockTimeoutMs":9223372036854775808}',
      'proto: invalid value for int64 field lock_timeout_ms: 9223372036854775808',
    ],
    ['{"name":"a","name":"b"}', 'proto: duplicate field "name"'],
    ['{"name":null,"name":"b"}', 'proto: duplicate field "name"'],
    ['{"lock_timeout_seconds":1,"lockTimeoutSeconds":1}', 'proto: duplicate field "lockTimeoutSeconds"'],
    ['{"name":"a" "size":1}', "invalid character '\"' after object key:value pair"],
    ['{"name":"a",}', "invalid character '}' looking for beginning of object key string"],
    ['{"name":"\\ud800"}', 'proto: syntax error: invalid escape sequence in string'],
    [`{"size":"${'9'.repeat(50)}"}`, `proto: invalid value for int32 field size: "${'9'.repeat(39)}...`],
    [Buffer.from('7b226e616d65223a22ff227d', 'hex'), 'proto: syntax error: invalid UTF-8 in string'],
  ])('is refused: %s', (json, text) => {
    expect(encode(Method.TryLock, json)).toBe(text);
  });

  it('may have no value deeper than the limit of the cursor, also where it is not known', () => {
    const nested = (depth: number): string => `{"a":${'['.repeat(depth)}${']'.repeat(depth)}}`;
    expect(encode(Method.TryLock, nested(9_999))).toStrictEqual({});
    expect(encode(Method.TryLock, nested(10_000))).toBe('values lie more than 10000 deep');
  });

  it('may be as long as a body', () => {
    const name = 'x'.repeat(Limits.restBodyBytesMax - 11);
    expect(encode(Method.TryLock, `{"name":"${name}"}`)).toStrictEqual({ name });
    const escaped = '\\n'.repeat(1_000);
    expect(encode(Method.TryLock, `{"name":"${escaped}"}`)).toStrictEqual({ name: '\n'.repeat(1_000) });
  });

  it('fits its buffer also with the longest numbers', () => {
    const json =
      '{"size":-1,"lock_timeout_seconds":-1,"lock_timeout_ms":-1,"wait_timeout_seconds":-1,"wait_timeout_ms":-1}';
    const filled = `{"name":"${'x'.repeat(5_000)}",${json.slice(1)}`;
    expect(encode(Method.Lock, filled)).toMatchObject({ wait_timeout_ms: '-1', size: -1 });
  });
});
