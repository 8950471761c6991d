import { constants, Http2ServerResponse } from 'node:http2';
import type { RawResponse } from './rest-call.ts';

const JSON_TYPE = 'application/json';

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
  const headers: Record<string, string | number> = {
    'Content-Type': JSON_TYPE,
    'Content-Length': Buffer.byteLength(body),
  };
  if (cookie !== null) headers['Set-Cookie'] = cookie;
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

/** A stream stays open until its client has sent all of the body, also of one that nobody waits for. */
function endRequest({ stream }: Http2ServerResponse): void {
  if (!stream.endAfterHeaders && !stream.readableEnded) stream.close(constants.NGHTTP2_NO_ERROR);
}
