import { describe, expect, it } from 'vitest';
import { huffmanDecode, huffmanDecodedBytesMax } from '../../../src/protocol/hpack/huffman-decode.ts';

/** Decodes bits, padded as given; returns the text or -1. */
function decodeBits(bits: string): string | -1 {
  const bytes = Uint8Array.from(bits.replaceAll(' ', '').match(/.{8}/g) ?? [], (byte) =>
    Number.parseInt(byte, 2),
  );
  expect(bytes.length * 8).toBe(bits.replaceAll(' ', '').length);
  const out = Buffer.alloc(huffmanDecodedBytesMax(bytes.length));
  const length = huffmanDecode(bytes, 0, bytes.length, out);
  return length < 0 ? -1 : out.toString('latin1', 0, length);
}

const eos = '1'.repeat(30);

describe('huffmanDecode', () => {
  it.each([
    ['nothing', '', ''],
    ['a symbol and 3 bits of padding', '00011 111', 'a'],
    ['two symbols that end in one byte', '010100 00000 00001', ' 01'],
    ['a code that ends with its byte', '11111000', '&'],
    ['7 bits of padding', '00000 00000 00000 00000 00000 1111111', '00000'],
    ['a symbol of 30 bits', '111111111111111111111111111100 11', '\n'],
    ['symbols of 28 bits in a row', '1111111111111111111111100010'.repeat(2), '\x02\x02'],
  ])('decodes %s', (_name, bits, text) => {
    expect(decodeBits(bits)).toBe(text);
  });

  it.each([
    ['padding of 8 bits', '11111000 11111111'],
    ['padding of 11 bits', '00000 11111111111'],
    ['padding of 16 bits alone', '1111111111111111'],
    ['padding that is no prefix of EOS', '00000 110'],
    ['a code cut off', '11111111 11000000'],
    ['EOS', `${eos} 11`],
    ['EOS after a symbol', `00000 ${eos} 11111`],
    ['EOS before a symbol', `${eos} 00000 11111`],
    ['EOS twice, so that 7 bits or fewer follow', `${eos} ${eos} 1111`],
  ])('refuses %s', (_name, bits) => {
    expect(decodeBits(bits)).toBe(-1);
  });

  it('reads no byte outside of its range', () => {
    const out = new Uint8Array(8);
    expect(huffmanDecode(Uint8Array.of(0xff, 0b00011_111, 0xff), 1, 2, out)).toBe(1);
    expect(out[0]).toBe(0x61);
  });
});
