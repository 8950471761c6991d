import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeHeader, encodeHeaderBlock, headerBytesMax } from '../../../src/protocol/hpack/encoder.ts';
import { staticTable } from '../../../src/protocol/hpack/static-table.ts';
import { decodeAlone, type Field } from './decode-block.ts';

const byteString = fc.uint8Array({ maxLength: 400 }).map((bytes) => Buffer.from(bytes).toString('latin1'));
const field: fc.Arbitrary<Field> = fc.oneof(
  fc.constantFrom(...staticTable).map(([name, value]): Field => [name, value]),
  fc.tuple(fc.constantFrom(...staticTable.map(([name]) => name)), byteString),
  fc.tuple(byteString, byteString),
);

function encodeAlone([name, value]: Field): Uint8Array {
  const out = new Uint8Array(headerBytesMax(name, value));
  return out.subarray(0, encodeHeader(out, 0, name, value));
}

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');

describe('encodeHeader', () => {
  it.each<[string, Field, string]>([
    ['a field of the static table', [':status', '200'], '88'],
    ['the last field of the static table', ['www-authenticate', ''], 'bd'],
    ['a name of the static table', ['content-type', 'a/b'], '0f1003612f62'],
    ['a name in the first 14 of the static table', [':status', '201'], '0803323031'],
    ['a name of its own', ['grpc-status', '0'], '000b677270632d7374617475730130'],
    ['an empty value', ['x', ''], '00017800'],
    ['a value of 127 bytes', ['x', 'a'.repeat(127)], `0001787f00${'61'.repeat(127)}`],
    ['a value of 300 bytes', ['x', 'a'.repeat(300)], `0001787fad01${'61'.repeat(300)}`],
    ['bytes above 127', ['x', '\x80\xff'], '0001780280ff'],
  ])('writes %s', (_name, written, bytes) => {
    expect(hex(encodeAlone(written))).toBe(bytes);
  });

  it('writes what the decoder reads, within headerBytesMax', () => {
    fc.assert(
      fc.property(field, (written) => {
        expect(decodeAlone(encodeAlone(written))).toEqual([written]);
      }),
    );
  });

  it('writes at the position given', () => {
    const out = new Uint8Array(40).fill(0xee);
    expect(encodeHeader(out, 3, ':status', '201')).toBe(8);
    expect(hex(out.subarray(0, 10))).toBe('eeeeee0803323031eeee');
  });

  it('keeps to headerBytesMax for the longest of lengths', () => {
    const written: Field = ['n'.repeat(70_000), 'v'.repeat(3_000_000)];
    expect(decodeAlone(encodeAlone(written))).toEqual([written]);
  });
});

describe('encodeHeaderBlock', () => {
  it('uses Huffman coding where it is shorter', () => {
    expect(hex(encodeHeaderBlock([['content-type', 'application/grpc']]))).toBe(
      '0f108b1d75d0620d263d4c4d6564',
    );
    expect(hex(encodeHeaderBlock([['x', '!!!']]))).toBe('00017803212121');
  });

  it('returns the bytes alone and none for no fields', () => {
    const block = encodeHeaderBlock([[':status', '200']]);
    expect(hex(block)).toBe('88');
    expect(block.buffer.byteLength).toBe(1);
    expect(encodeHeaderBlock([])).toHaveLength(0);
  });

  it('makes blocks that the decoder reads', () => {
    fc.assert(
      fc.property(fc.array(field, { maxLength: 20 }), (fields) => {
        expect(decodeAlone(encodeHeaderBlock(fields))).toEqual(fields);
      }),
    );
  });
});
