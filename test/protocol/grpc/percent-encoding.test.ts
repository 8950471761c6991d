import { toUSVString } from 'node:util';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { percentEncode } from '../../../src/protocol/grpc/percent-encoding.ts';

const anyText = fc.oneof(fc.string(), fc.string({ unit: 'grapheme' }), fc.string({ unit: 'binary' }));

describe('percentEncode', () => {
  it.each([
    ['', ''],
    ['lock manager is shutdown', 'lock manager is shutdown'],
    ['!"#$&\'()*+,-./:;<=>?@[\\]^_`{|}~', '!"#$&\'()*+,-./:;<=>?@[\\]^_`{|}~'],
    ['100%', '100%25'],
    ['%41', '%2541'],
    ['a\r\nb\tc\0', 'a%0D%0Ab%09c%00'],
    ['\x1f\x7f', '%1F%7F'],
    ['é', '%C3%A9'],
    ['☺ \u{1f512}', '%E2%98%BA %F0%9F%94%92'],
    ['\ud800', '%EF%BF%BD'],
    [' a b ', '%20a b%20'],
    [' a', '%20a'],
    ['a ', 'a%20'],
    [' ~%', '%20~%25'],
    [' ', '%20'],
    ['  ', '%20%20'],
    ['a\n', 'a%0A'],
  ])('encodes %j as %j', (message, encoded) => {
    expect(percentEncode(message)).toBe(encoded);
  });

  it('is undone by percent-decoding', () => {
    fc.assert(
      fc.property(anyText, (message) => {
        expect(decodeURIComponent(percentEncode(message))).toBe(toUSVString(message));
      }),
    );
  });

  it('gives values that a header field may have', () => {
    fc.assert(
      fc.property(anyText, (message) => {
        expect(percentEncode(message)).toMatch(/^(?! )(?:[ -$&-~]|%[0-9A-F]{2})*(?<! )$/);
      }),
    );
  });
});
