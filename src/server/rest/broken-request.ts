import { STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { Limits } from '../../base/limits.ts';
import { GrpcStatus } from '../../contract/grpc-status.ts';
import { statusJson } from '../../protocol/rest/status-json.ts';
import { type RawRefusal, REQUEST_TIMEOUT, type RequestError, refuseBroken } from '../broken-request.ts';

/**
 * Answers what is no request of HTTP, or does not become one in time: see {@link refuseBroken}.
 *
 * @returns what the client was told; null when it is gone
 */
export function refuseRequest(error: RequestError, socket: Duplex): string | null {
  return refuseBroken(error, socket, refusalOf);
}

function refusalOf(errorCode: string): RawRefusal {
  const [status, code, message] = describe(errorCode);
  return [rawAnswer(status, statusJson(code, message)), message];
}

/** What a client is told that speaks in clear where TLS is spoken, as Go's server says it. */
export function refuseClear(socket: Duplex): void {
  socket.end(
    'HTTP/1.0 400 Bad Request\r\nConnection: close\r\nContent-Type: text/plain\r\n\r\n' +
      'Client sent an HTTP request to an HTTPS server.\n',
    () => socket.destroy(),
  );
}

function describe(code: string): readonly [status: number, code: GrpcStatus, message: string] {
  switch (code) {
    case 'HPE_HEADER_OVERFLOW':
      return [
        431,
        GrpcStatus.InvalidArgument,
        `the head of the request is longer than ${Limits.restHeadBytesMax} bytes`,
      ];
    case 'HPE_CHUNK_EXTENSIONS_OVERFLOW':
      return [413, GrpcStatus.InvalidArgument, 'the chunk extensions of the request are too long'];
    case REQUEST_TIMEOUT:
      return [408, GrpcStatus.DeadlineExceeded, LATE];
    default:
      return [400, GrpcStatus.InvalidArgument, 'this is not a request of HTTP/1.1'];
  }
}

/** The rest of a request did not come. */
export const LATE = `the rest of the request did not come within ${Limits.restRequestMsMax / 1000} s`;

function rawAnswer(status: number, body: string): string {
  return (
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nConnection: close\r\nContent-Type: application/json\r\n` +
    `Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`
  );
}
