const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';

/** What the text in base64 stands for, with or without padding, in the usual alphabet or in that of URLs; null when it is none. */
export function decodeBase64(text: string): Uint8Array | null {
  const [, digits, padding] = /^([A-Za-z0-9+/]*|[A-Za-z0-9_-]*)(={0,2})$/.exec(text) ?? [];
  if (digits === undefined) return null;
  if (digits.length % 4 === 1 || (padding !== '' && text.length % 4 !== 0)) return null;
  const out = new Uint8Array(Math.floor((digits.length * 3) / 4));
  let position = 0;
  let bits = 0;
  for (let i = 0; i < digits.length; i++) {
    bits = (bits << 6) | digitValue(digits[i]!);
    // Each digit after the first of four completes a byte.
    if (i % 4 !== 0) out[position++] = bits >> (6 - 2 * (i % 4));
  }
  return out;
}

function digitValue(digit: string): number {
  if (digit === '-') return 62;
  return digit === '_' ? 63 : alphabet.indexOf(digit);
}
