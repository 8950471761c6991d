import { Buffer } from 'node:buffer';

const space = 0x20;
const tilde = 0x7e;
const percent = 0x25;

const plain = /^(?! )[ -$&-~]*(?<! )$/;

/**
 * Encodes a status message for the `grpc-message` field: UTF-8, in which the bytes 0x20 to 0x7E but "%" stand for
 * themselves and every other one becomes "%" and two hexadecimal digits. A space at either end is encoded too, since
 * a field value must not begin or end with one (RFC 9113 section 8.2.1). A lone surrogate becomes U+FFFD.
 *
 * Source: https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md#responses
 */
export function percentEncode(message: string): string {
  if (plain.test(message)) return message;
  const bytes = Buffer.from(message, 'utf8');
  const last = bytes.length - 1;
  let encoded = '';
  for (let i = 0; i <= last; i++) {
    const byte = bytes[i]!;
    const outer = byte === space && (i === 0 || i === last);
    if (byte >= space && byte <= tilde && byte !== percent && !outer) encoded += String.fromCharCode(byte);
    else encoded += `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  }
  return encoded;
}
