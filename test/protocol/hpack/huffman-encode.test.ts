import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { huffmanDecode, huffmanDecodedBytesMax } from '../../../src/protocol/hpack/huffman-decode.ts';
import { huffmanEncode, huffmanEncodedBytes } from '../../../src/protocol/hpack/huffman-encode.ts';

function encode(text: string): Uint8Array {
  const out = new Uint8Array(huffmanEncodedBytes(text));
  expect(huffmanEncode(out, 0, text)).toBe(out.length);
  return out;
}

function decode(bytes: Uint8Array): string {
  const out = Buffer.alloc(huffmanDecodedBytesMax(bytes.length));
  const length = huffmanDecode(bytes, 0, bytes.length, out);
  expect(length).toBeGreaterThanOrEqual(0);
  return out.toString('latin1', 0, length);
}

describe('huffmanEncode', () => {
  it.each([
    ['www.example.com', 'f1e3c2e5f23a6ba0ab90f4ff'],
    ['no-cache', 'a8eb10649cbf'],
    ['custom-key', '25a849e95ba97d7f'],
    ['custom-value', '25a849e95bb8e8b4bf'],
    ['302', '6402'],
    ['private', 'aec3771a4b'],
    ['', ''],
  ])('encodes %j as RFC 7541 Appendix C does', (text, hex) => {
    expect(Buffer.from(encode(text)).toString('hex')).toBe(hex);
  });

  it('is undone by huffmanDecode for each byte and every pair of neighbours', () => {
    const bytes = Array.from({ length: 256 }, (_, byte) => String.fromCharCode(byte));
    for (const byte of bytes) expect(decode(encode(byte))).toBe(byte);
    for (const first of bytes) {
      const text = bytes.map((second) => first + second).join('');
      expect(decode(encode(text))).toBe(text);
    }
  });

  it('is undone by huffmanDecode for any byte string', () => {
    const byteString = fc
      .uint8Array({ maxLength: 300 })
      .map((bytes) => Buffer.from(bytes).toString('latin1'));
    fc.assert(
      fc.property(byteString, (text) => {
        expect(decode(encode(text))).toBe(text);
      }),
    );
  });

  it('writes at the position given and nowhere else', () => {
    const out = new Uint8Array(6);
    expect(huffmanEncode(out, 2, '302')).toBe(4);
    expect([...out]).toEqual([0, 0, 0x64, 0x02, 0, 0]);
  });
});
