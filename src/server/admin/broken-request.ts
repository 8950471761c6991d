import type { Duplex } from 'node:stream';
import { Limits } from '../../base/limits.ts';
import { type RawRefusal, REQUEST_TIMEOUT, type RequestError, refuseBroken } from '../broken-request.ts';
import { SECURITY_HEADERS } from './security-headers.ts';

/**
 * Answers what is no HTTP, too long or too slow: see {@link refuseBroken}.
 *
 * @returns what is wrong with it; null when the client is gone
 */
export function refuseRequest(error: RequestError, socket: Duplex): string | null {
  return refuseBroken(error, socket, refusalOf);
}

function refusalOf(code: string): RawRefusal {
  const [status, reason] = describe(code);
  const headers = [...SECURITY_HEADERS].map(([name, value]) => `${name}: ${value}\r\n`).join('');
  return [`HTTP/1.1 ${status}\r\n${headers}connection: close\r\ncontent-length: 0\r\n\r\n`, reason];
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
