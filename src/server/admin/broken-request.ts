import type { Duplex } from 'node:stream';
import { Limits } from '../../base/limits.ts';
import { SECURITY_HEADERS } from './security-headers.ts';

/** What the parser of Node.js says of a request, or the clock. */
export type RequestError = Error & { readonly code?: string };

/** The code of what does not become a request in time. */
export const REQUEST_TIMEOUT = 'ERR_HTTP_REQUEST_TIMEOUT';

/**
 * Answers what is no HTTP, too long or too slow, which has no request to be answered, but a socket.
 *
 * @returns what is wrong with it; null when the client is gone, so that nobody was told anything
 */
export function refuseRequest(error: RequestError, socket: Duplex): string | null {
  if (!socket.writable || error.code === 'ECONNRESET') {
    socket.destroy();
    return null;
  }
  const [status, reason] = describe(error.code ?? '');
  const headers = [...SECURITY_HEADERS].map(([name, value]) => `${name}: ${value}\r\n`).join('');
  // A peer that goes on sending does not keep the connection.
  socket.once('finish', () => socket.destroy());
  socket.end(`HTTP/1.1 ${status}\r\n${headers}connection: close\r\ncontent-length: 0\r\n\r\n`);
  return reason;
}

function describe(code: string): readonly [status: string, reason: string] {
  switch (code) {
    case 'HPE_HEADER_OVERFLOW':
      return [
        '431 Request Header Fields Too Large',
        `the head of the request is longer than ${Limits.adminHeadBytesMax} bytes`,
      ];
    case REQUEST_TIMEOUT:
      return ['408 Request Timeout', 'the rest of the request did not come in time'];
    default:
      return ['400 Bad Request', 'this is not a request of HTTP/1.1'];
  }
}
