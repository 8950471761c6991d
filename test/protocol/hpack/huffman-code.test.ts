import { describe, expect, it } from 'vitest';
import { huffmanCodes, huffmanLengths } from '../../../src/protocol/hpack/huffman-code.ts';

describe('the Huffman code', () => {
  it('has a code for each byte and EOS, and no bit pattern left over', () => {
    expect(huffmanLengths).toHaveLength(257);
    const kraftSum = huffmanLengths.reduce((sum, length) => sum + 2 ** (30 - length), 0);
    expect(kraftSum).toBe(2 ** 30);
  });

  // Lines of RFC 7541 Appendix B: the first, the last and a middle one for each of the lengths.
  it.each<[symbol: number | string, bits: string]>([
    ['0', '00000'],
    ['a', '00011'],
    ['t', '01001'],
    [' ', '010100'],
    ['u', '101101'],
    [':', '1011100'],
    ['z', '1111011'],
    ['&', '11111000'],
    ['Z', '11111101'],
    ['!', '1111111000'],
    ['?', '1111111100'],
    ["'", '11111111010'],
    ['|', '11111111100'],
    ['#', '111111111010'],
    ['>', '111111111011'],
    [0, '1111111111000'],
    ['~', '1111111111101'],
    ['^', '11111111111100'],
    ['}', '11111111111101'],
    ['<', '111111111111100'],
    ['{', '111111111111110'],
    ['\\', '1111111111111110000'],
    [195, '1111111111111110001'],
    [208, '1111111111111110010'],
    [128, '11111111111111100110'],
    [226, '11111111111111101101'],
    [1, '11111111111111111011000'],
    [249, '1111111111111111111111111110'],
    [10, '111111111111111111111111111100'],
    [13, '111111111111111111111111111101'],
    [22, '111111111111111111111111111110'],
    [256, '111111111111111111111111111111'],
  ])('codes %j as %s', (symbol, bits) => {
    const index = typeof symbol === 'string' ? symbol.charCodeAt(0) : symbol;
    expect(huffmanCodes[index]!.toString(2).padStart(huffmanLengths[index]!, '0')).toBe(bits);
  });
});
