import type { IncomingHttpHeaders } from 'node:http';

/**
 * Whether the page that an `Origin` header names is of the server that a `Host` header names. In front of a plain server
 * a proxy may speak TLS: then browsers name that scheme.
 */
export function isSameOrigin(origin: string | undefined, host: string | undefined, isTls: boolean): boolean {
  if (origin === undefined || host === undefined) return false;
  const named = origin.toLowerCase();
  const own = host.toLowerCase();
  return named === `https://${own}` || (!isTls && named === `http://${own}`);
}

/**
 * Whether a request with these headers, which asks for `host`, comes from a page of that very server: as `Origin` has
 * it, and `Sec-Fetch-Site` in browsers that send that.
 */
export function isFromOwnPage(
  headers: IncomingHttpHeaders,
  host: string | undefined,
  isTls: boolean,
): boolean {
  const site = headers['sec-fetch-site'];
  return isSameOrigin(headers.origin, host, isTls) && (site === undefined || site === 'same-origin');
}
