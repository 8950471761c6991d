import { constants, Http2ServerResponse, type ServerHttp2Stream } from 'node:http2';
import type { RawRequest, RawResponse } from './rest-call.ts';

const JSON_TYPE = 'application/json';

type Headers = Record<string, string | number>;

/**
 * Writes a whole answer. Fastify's own way would look at the body's type, run hooks that nobody has set, and add a
 * character set that LDLM does not send; this is the way of every request.
 *
 * @param cookie the `Set-Cookie` header; null for none
 * @param closing whether the connection ends behind it; HTTP/2 has no such header
 */
export function answerJson(
  response: RawResponse,
  status: number,
  body: string,
  cookie: string | null,
  closing: boolean,
): void {
  const headers: Headers = {
    'Content-Type': JSON_TYPE,
    'Content-Length': Buffer.byteLength(body),
    // Keys and cookies are in most of them.
    'Cache-Control': 'no-store',
  };
  if (cookie !== null) headers['Set-Cookie'] = cookie;
  write(response, status, headers, body, closing);
}

/** Asks for the password, and tells nothing else. */
export function askForPassword(response: RawResponse, closing: boolean): void {
  write(response, 401, { 'WWW-Authenticate': 'Basic realm="Restricted"', 'Content-Length': 0 }, '', closing);
}

/**
 * Whether a client got its answer, as far as one can tell: all of it was written, and that did not fail, which counts as
 * finished, too. To be asked when the response is closed.
 */
export function wasDelivered({ socket }: RawRequest, response: RawResponse): boolean {
  if (!response.writableFinished) return false;
  if (response instanceof Http2ServerResponse) return response.stream.rstCode === constants.NGHTTP2_NO_ERROR;
  return socket.errored == null;
}

function write(
  response: RawResponse,
  status: number,
  headers: Headers,
  body: string,
  closing: boolean,
): void {
  if (response instanceof Http2ServerResponse) {
    response.writeHead(status, headers);
    response.end(body);
    endRequest(response);
    return;
  }
  if (closing) headers['Connection'] = 'close';
  response.writeHead(status, headers);
  response.end(body);
}

/**
 * A stream stays open until its client has sent all of the body, also of one that nobody waits for. It is not closed
 * before the answer is written: one that is to be closed cannot be cancelled any more, should its client not read.
 */
function endRequest({ stream }: Http2ServerResponse): void {
  if (!stream.endAfterHeaders && !stream.readableEnded) stream.once('finish', closeStream);
}

function closeStream(this: ServerHttp2Stream): void {
  this.close(constants.NGHTTP2_NO_ERROR);
}
