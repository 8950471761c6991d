/**
 * The headers of every answer of the admin listener. A page may use nothing but what this server serves, run no script
 * that stands in it, be in nobody's frame and send no form; what a lock is called is text, whatever it contains.
 * Answers are kept nowhere, unless a route says otherwise of a file that never changes.
 */
export const SECURITY_HEADERS = new Map([
  [
    'content-security-policy',
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
      "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  ],
  ['x-content-type-options', 'nosniff'],
  ['x-frame-options', 'DENY'],
  ['referrer-policy', 'no-referrer'],
  ['cache-control', 'no-store'],
  ['cross-origin-resource-policy', 'same-origin'],
  ['cross-origin-opener-policy', 'same-origin'],
]);
