import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeBase64 } from '../../../src/protocol/rest/base64.ts';

function decode(text: string): Buffer | null {
  const bytes = decodeBase64(text);
  return bytes === null ? null : Buffer.from(bytes);
}

describe('base64', () => {
  it('is read in both alphabets, with and without padding', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 70 }), (array) => {
        const bytes = Buffer.from(array);
        const usual = bytes.toString('base64');
        const forUrls = usual.replaceAll('+', '-').replaceAll('/', '_');
        for (const text of [usual, forUrls, usual.replaceAll('=', ''), bytes.toString('base64url')]) {
          expect(decode(text)).toStrictEqual(bytes);
        }
      }),
    );
  });

  it.each(['A', 'AAAAA', 'A===', 'AA=', 'AAA==', 'AAAA=', '=', '+-AA', 'AA A', 'AA\n', 'ä', 'AAAA AAAA'])(
    'is not %j',
    (text) => {
      expect(decode(text)).toBeNull();
    },
  );
});
