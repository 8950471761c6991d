import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  readVarint,
  sizeOfVarint,
  sizeOfVarint64,
  writeVarint,
  writeVarint64,
} from '../../../src/protocol/protobuf/varint.ts';
import { varint } from './wire.ts';

const edges = [
  0n,
  1n,
  127n,
  128n,
  2n ** 14n,
  2n ** 21n,
  2n ** 28n,
  2n ** 32n,
  2n ** 35n,
  2n ** 63n,
  2n ** 64n - 1n,
];
const uint64 = fc.oneof(
  fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  fc.constantFrom(...edges, ...edges.map((edge) => (edge === 0n ? 0n : edge - 1n))),
  // As many short numbers as long ones.
  fc
    .tuple(fc.nat({ max: 63 }), fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }))
    .map(([shift, v]) => v >> BigInt(shift)),
);

function read(bytes: Buffer, end = bytes.length): { position: number; value: bigint } {
  const words = { low: -7, high: -7 };
  const position = readVarint(bytes, 0, end, words);
  return { position, value: (BigInt(words.high >>> 0) << 32n) | BigInt(words.low >>> 0) };
}

describe('readVarint', () => {
  it('reads any 64 bits, whatever follows', () => {
    fc.assert(
      fc.property(uint64, fc.uint8Array(), (value, rest) => {
        const bytes = varint(value);
        expect(read(Buffer.concat([bytes, rest]))).toEqual({ position: bytes.length, value });
      }),
    );
  });

  it('refuses what is cut short, even where other bytes follow', () => {
    fc.assert(
      fc.property(uint64, (value) => {
        const bytes = varint(value);
        for (let end = 0; end < bytes.length; end++) expect(read(bytes, end).position).toBe(-1);
      }),
    );
  });

  it('refuses more than 64 bits', () => {
    expect(read(Buffer.from([...Array(9).fill(0xff), 1]))).toEqual({ position: 10, value: 2n ** 64n - 1n });
    expect(read(Buffer.from([...Array(9).fill(0xff), 2])).position).toBe(-1);
    expect(read(Buffer.from([...Array(10).fill(0x80), 0])).position).toBe(-1);
  });

  it('gives signed words', () => {
    const words = { low: 0, high: 0 };
    readVarint(varint(2n ** 64n - 1n), 0, 10, words);
    expect(words).toEqual({ low: -1, high: -1 });
  });
});

describe('writeVarint', () => {
  it('writes 32 bits in the bytes it said', () => {
    fc.assert(
      fc.property(uint64, (wide) => {
        const value = Number(BigInt.asUintN(32, wide));
        const expected = varint(value);
        const out = Buffer.alloc(8);
        expect(writeVarint(out, 2, value)).toBe(2 + expected.length);
        expect(out.subarray(2, 2 + expected.length)).toEqual(expected);
        expect(sizeOfVarint(value)).toBe(expected.length);
      }),
    );
  });
});

describe('writeVarint64', () => {
  it('writes 64 bits in the bytes it said, from signed and from unsigned words', () => {
    fc.assert(
      fc.property(uint64, fc.boolean(), (value, signed) => {
        const high = Number(value >> 32n);
        const low = Number(value & 0xffff_ffffn);
        const words: [number, number] = signed ? [high | 0, low | 0] : [high, low];
        const expected = varint(value);
        const out = Buffer.alloc(16);
        expect(writeVarint64(out, 2, ...words)).toBe(2 + expected.length);
        expect(out.subarray(2, 2 + expected.length)).toEqual(expected);
        expect(sizeOfVarint64(...words)).toBe(expected.length);
      }),
    );
  });
});
