import { passwordCheck } from '../password.ts';

const SCHEME = 'Basic ';
const strictBase64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/**
 * The check of the shared password in an `Authorization` header of the Basic scheme, in constant time. As with LDLM any
 * user name will do, the password may have colons in it, and the scheme is written in exactly one way. Null without a
 * password.
 */
export function basicAuthCheck(password: string): ((header: string | undefined) => boolean) | null {
  if (password === '') return null;
  const check = passwordCheck(password);
  return (header) => check(readPassword(header)) === null;
}

/** The password as a byte string; null when the header has none. */
function readPassword(header: string | undefined): string | null {
  if (header?.startsWith(SCHEME) !== true) return null;
  const encoded = header.slice(SCHEME.length);
  if (!strictBase64.test(encoded)) return null;
  const credentials = Buffer.from(encoded, 'base64').toString('latin1');
  const colon = credentials.indexOf(':');
  return colon < 0 ? null : credentials.slice(colon + 1);
}
