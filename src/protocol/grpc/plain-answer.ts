import { encodeHeaderBlock } from '../hpack/encoder.ts';

const TEXT = `This port speaks gRPC (HTTP/2): the lock service ldlm.LDLM.
Try: grpcurl -plaintext HOST:PORT list
`;

/** What a browser, or curl, is told. */
export const SPOKEN_HERE: Uint8Array = Buffer.from(TEXT, 'latin1');

export const SPOKEN_HERE_BLOCK = encodeHeaderBlock([
  [':status', '200'],
  ['content-type', 'text/plain; charset=utf-8'],
  ['content-length', String(SPOKEN_HERE.length)],
]);

/** The same over HTTP/1, where gRPC cannot be had: 426 names what can (RFC 9110 section 15.5.22). */
export const SPOKEN_HERE_HTTP1: Uint8Array = Buffer.from(
  `HTTP/1.1 426 Upgrade Required\r\nUpgrade: h2c\r\nConnection: Upgrade, close\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: ${SPOKEN_HERE.length}\r\n\r\n${TEXT}`,
  'latin1',
);
