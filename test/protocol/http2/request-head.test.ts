import { describe, expect, it } from 'vitest';
import { Limits } from '../../../src/base/limits.ts';
import { RequestHead, TOO_LONG } from '../../../src/protocol/http2/request-head.ts';
import { type Fields, POST } from './wire-frames.ts';

function headOf(fields: Fields, trailers = false): RequestHead<null> {
  const head = new RequestHead<null>(trailers);
  for (const [name, value] of fields) head.header(name, value);
  head.finish();
  return head;
}

const without = (name: string): Fields => POST.filter((field) => field[0] !== name);
const valid: Fields = [
  [':method', 'GET'],
  [':scheme', 'https'],
  [':path', '/x?y'],
];

describe('RequestHead', () => {
  it('keeps the fields that matter', () => {
    const head = headOf([
      ...POST,
      ['grpc-timeout', '1S'],
      ['grpc-encoding', 'gzip'],
      ['authorization', 'secret'],
      ['content-length', '12'],
      ['user-agent', 'test'],
    ]);
    expect(head.malformed).toBeNull();
    expect([head.method, head.path]).toEqual(['POST', '/ldlm.LDLM/Lock']);
    expect([head.contentType, head.grpcTimeout, head.grpcEncoding]).toEqual([
      'application/grpc',
      '1S',
      'gzip',
    ]);
    expect([head.authorization, head.contentLength]).toEqual(['secret', 12]);
  });

  it('tells no authorization from an empty one, and keeps the first of two', () => {
    expect(headOf(POST).authorization).toBeNull();
    expect(headOf([...POST, ['authorization', ''], ['authorization', 'second']]).authorization).toBe('');
  });

  it.each([
    [':method', 'method', Limits.headerValueBytesMax],
    [':path', 'path', Limits.headerValueBytesMax],
    ['content-type', 'contentType', Limits.headerValueBytesMax],
    ['grpc-timeout', 'grpcTimeout', Limits.headerValueBytesMax],
    ['grpc-encoding', 'grpcEncoding', Limits.headerValueBytesMax],
    ['authorization', 'authorization', Limits.authorizationBytesMax],
  ] as const)(
    'keeps %s up to its longest, and of a longer one only that it was too long',
    (name, field, max) => {
      const headWith = (value: string) => {
        const others = without(name);
        return headOf(name.startsWith(':') ? [[name, value], ...others] : [...others, [name, value]]);
      };
      const longest = headWith('x'.repeat(max));
      expect([longest.malformed, longest[field]]).toEqual([null, 'x'.repeat(max)]);
      const longer = headWith('x'.repeat(max + 1));
      expect([longer.malformed, longer[field]]).toEqual([null, TOO_LONG]);
    },
  );

  it('takes a request without :authority', () => {
    expect(headOf(without(':authority')).malformed).toBeNull();
  });

  it.each<[string, Fields]>([
    ['no :method', without(':method')],
    ['no :scheme', without(':scheme')],
    ['no :path', without(':path')],
    ['an empty :path', [...without(':path'), [':path', '']].sort() as Fields],
    ['a repeated pseudo-header field', [[':path', '/'], ...POST]],
    ['an unknown pseudo-header field', [[':protocol', 'x'], ...POST]],
    ['a response pseudo-header field', [[':status', '200'], ...POST]],
    ['a pseudo-header field behind a regular one', [['x', 'y'], ...POST]],
    ['a name in upper case', [...POST, ['Name', 'x']]],
    ['an empty name', [...POST, ['', 'x']]],
    ['a space in a name', [...POST, ['a b', 'x']]],
    ['a colon in a name', [...POST, ['a:b', 'x']]],
    ['a control byte in a name', [...POST, ['a\x01', 'x']]],
    ['DEL in a name', [...POST, ['a\x7f', 'x']]],
    ['a byte above 0x7f in a name', [...POST, ['\xe4', 'x']]],
    ['NUL in a value', [...POST, ['x', 'a\0b']]],
    ['LF in a value', [...POST, ['x', 'a\nb']]],
    ['CR in a value', [...POST, ['x', 'a\rb']]],
    ['LF in a pseudo value', [...valid.slice(0, 2), [':path', '/\n']]],
    ['a space before a value', [...POST, ['x', ' a']]],
    ['a tab behind a value', [...POST, ['x', 'a\t']]],
    ['connection', [...POST, ['connection', 'x']]],
    ['keep-alive', [...POST, ['keep-alive', 'x']]],
    ['proxy-connection', [...POST, ['proxy-connection', 'x']]],
    ['transfer-encoding', [...POST, ['transfer-encoding', 'chunked']]],
    ['upgrade', [...POST, ['upgrade', 'h2c']]],
    ['te other than trailers', [...POST, ['te', 'gzip']]],
    ['content-length that is no number', [...POST, ['content-length', '1x']]],
    ['content-length below 0', [...POST, ['content-length', '-1']]],
    ['empty content-length', [...POST, ['content-length', '']]],
    ['content-length beyond all numbers', [...POST, ['content-length', '9'.repeat(20)]]],
    ['two content-lengths that differ', [...POST, ['content-length', '1'], ['content-length', '2']]],
  ])('is malformed with %s (RFC 9113 section 8)', (_name, fields) => {
    expect(headOf(fields).malformed).not.toBeNull();
  });

  it.each<[string, Fields]>([
    ['two equal content-lengths', [...POST, ['content-length', '2'], ['content-length', '2']]],
    ['TE: Trailers', [...POST, ['te', 'Trailers']]],
    ['blanks within a value', [...POST, ['x', 'a \t b']]],
    ['bytes above 0x7f in a value', [...POST, ['x', '\xff']]],
    ['an empty value', [...POST, ['x', '']]],
    ['odd but legal names', [...POST, ["!#$%&'*+-.^_`|~09", 'x']]],
  ])('is well-formed with %s', (_name, fields) => {
    expect(headOf(fields).malformed).toBeNull();
  });

  it('says of a list that was too long only what was seen', () => {
    const head = new RequestHead<null>();
    head.tooLarge = true;
    head.finish();
    expect(head.malformed).toBeNull();
  });

  it('judges trailers: regular fields only, and nothing is required', () => {
    expect(headOf([['x', 'y']], true).malformed).toBeNull();
    expect(headOf([], true).malformed).toBeNull();
    expect(headOf([[':path', '/']], true).malformed).not.toBeNull();
    expect(headOf([['X', 'y']], true).malformed).not.toBeNull();
  });
});
