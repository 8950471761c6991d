import type { Duplex } from 'node:stream';

/** What the parser of Node.js says of a request, or the clock. */
export type RequestError = Error & { readonly code?: string };

/** The code of what does not become a request in time. */
export const REQUEST_TIMEOUT = 'ERR_HTTP_REQUEST_TIMEOUT';

/** The code of what does not become a request because the client has ended the connection in the middle of it. */
export const REQUEST_CUT_SHORT = 'HPE_INVALID_EOF_STATE';

/** What a socket is told that has no request to be answered: the bytes, and what they say is wrong. */
export type RawRefusal = readonly [answer: string, reason: string];

/**
 * Answers what is no request of HTTP, or does not become one in time, and ends its connection.
 *
 * @param refusalOf what is said of an error, by its code
 * @returns what is wrong with it; null when the client is gone, so that nobody was told anything
 */
export function refuseBroken(
  error: RequestError,
  socket: Duplex,
  refusalOf: (code: string) => RawRefusal,
): string | null {
  if (!socket.writable || error.code === 'ECONNRESET') {
    socket.destroy();
    return null;
  }
  const [answer, reason] = refusalOf(error.code ?? '');
  // A peer that goes on sending does not keep the connection.
  socket.end(answer, () => socket.destroy());
  return reason;
}
