import { describe, expect, it } from 'vitest';
import { BlockReader } from '../../../src/protocol/hpack/block-reader.ts';
import { HpackError } from '../../../src/protocol/hpack/hpack-error.ts';

function open(...bytes: number[]): BlockReader {
  const reader = new BlockReader();
  reader.open(Uint8Array.from(bytes), 0, bytes.length);
  return reader;
}

describe('BlockReader.readInteger', () => {
  it.each([
    ['C.1.1: 10 in a prefix of 5 bits', 0x1f, [0b1110_1010], 10],
    ['C.1.2: 1337 in a prefix of 5 bits', 0x1f, [0b1111_1111, 0b1001_1010, 0b0000_1010], 1337],
    ['C.1.3: 42 in a whole byte', 0xff, [42], 42],
    ['the largest that fits its prefix', 0x7f, [0x7e], 0x7e],
    ['the smallest that does not', 0x7f, [0x7f, 0x00], 0x7f],
    ['zeros after the last digit', 0x7f, [0x7f, 0x81, 0x80, 0x80, 0x00], 0x80],
    ['the largest', 0x7f, [0x7f, 0xff, 0xff, 0xff, 0x7f], 0x7f + 2 ** 28 - 1],
  ])('reads %s', (_name, mask, bytes, value) => {
    const reader = open(...bytes);
    expect(reader.readInteger(mask)).toBe(value);
    expect(reader.position).toBe(bytes.length);
  });

  it.each<[string, number[], HpackError]>([
    ['cut off after its prefix', [0x7f], HpackError.Truncated],
    ['cut off later', [0x7f, 0x80, 0x80], HpackError.Truncated],
    ['of a fifth byte after the prefix', [0x7f, 0x80, 0x80, 0x80, 0x80, 0x00], HpackError.IntegerTooLarge],
    ['of 32 bits', [0x7f, 0x80, 0xff, 0xff, 0xff, 0x0f], HpackError.IntegerTooLarge],
    ['without an end', new Array(64).fill(0xff), HpackError.IntegerTooLarge],
  ])('refuses one %s', (_name, bytes, error) => {
    const reader = open(...bytes);
    expect(reader.readInteger(0x7f)).toBe(-1);
    expect(reader.error).toBe(error);
  });
});

describe('BlockReader.readString', () => {
  it.each([
    ['an empty one', [0x00], ''],
    ['an empty one in Huffman code', [0x80], ''],
    ['one with every bit of a byte', [0x03, 0x00, 0x7f, 0xff], '\0\x7f\xff'],
    ['one in Huffman code', [0x82, 0x64, 0x02], '302'],
  ])('reads %s', (_name, bytes, text) => {
    const reader = open(...bytes);
    expect(reader.readString()).toBe(text);
    expect(reader.position).toBe(bytes.length);
  });

  it('reads one longer than any before', () => {
    const encoded = new Array(5000).fill(0b00000_000);
    expect(open(0xff, 0x89, 0x26, ...encoded).readString()).toBe('0'.repeat(8000));
  });

  it.each<[string, number[], HpackError]>([
    ['without a length', [], HpackError.Truncated],
    ['with a length cut off', [0x7f], HpackError.Truncated],
    ['with a length that is too large', [0x7f, 0xff, 0xff, 0xff, 0xff, 0x01], HpackError.IntegerTooLarge],
    ['cut off', [0x03, 0x61, 0x62], HpackError.Truncated],
    ['in Huffman code cut off', [0x83, 0x64, 0x02], HpackError.Truncated],
    ['with bad padding', [0x81, 0x00], HpackError.HuffmanInvalid],
  ])('refuses one %s', (_name, bytes, error) => {
    const reader = open(...bytes);
    expect(reader.readString()).toBeNull();
    expect(reader.error).toBe(error);
  });

  it('stays within its range, also in a view into a larger buffer', () => {
    const view = new Uint8Array(Uint8Array.of(9, 9, 9, 0x02, 0x61, 0x62, 0x63).buffer, 2);
    const reader = new BlockReader();
    reader.open(view, 1, 4);
    expect(reader.readString()).toBe('ab');
    reader.open(view, 1, 3);
    expect(reader.readString()).toBeNull();
  });
});
