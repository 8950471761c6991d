import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { fastifyCookie } from '@fastify/cookie';

/** What a page gets that asks for a token. */
export interface IssuedToken {
  /** For the header {@link TOKEN_HEADER}. */
  readonly token: string;
  /** The value of a `set-cookie` header; null when the browser has a cookie already. */
  readonly setCookie: string | null;
}

/** The header in which a page sends its token back, in lower case. */
export const TOKEN_HEADER = 'x-ldlm-token';

const COOKIE_BYTES = 16;
const COOKIE_VALUE = /^[0-9a-f]{32}$/;

/**
 * Tokens by which a page proves that it could read an answer of this server, which pages of other sites cannot.
 *
 * A browser has a cookie with a random number: HttpOnly, so that no script reads it, and SameSite=Strict, so that it
 * does not come along when another site makes the browser ask. The token that belongs to it is the HMAC of the number
 * under a secret that is made anew at every start. It is in the answer to `GET /api/info`, and the page sends it in a header,
 * which a form of another site cannot set. Nothing is kept here for it: who has no cookie gets a new one.
 *
 * Browsers send a cookie to all ports of a host, so its name has the port: two servers on one machine have one each.
 */
export class PageTokens {
  readonly #secret = randomBytes(32);
  readonly #attributes: string;

  constructor(isTls: boolean) {
    this.#attributes = `Path=/; HttpOnly; SameSite=Strict${isTls ? '; Secure' : ''}`;
  }

  /** A token for the browser that sent this `cookie` header to this port. */
  issue(cookieHeader: string | undefined, port: number): IssuedToken {
    const known = cookieIn(cookieHeader, port);
    const cookie = known ?? randomBytes(COOKIE_BYTES).toString('hex');
    const setCookie = known === null ? `${cookieName(port)}=${cookie}; ${this.#attributes}` : null;
    return { token: this.#tokenFor(cookie).toString('hex'), setCookie };
  }

  /** Whether the token is the one of the browser's cookie. Takes the same time for every wrong token. */
  isValid(token: string | undefined, cookieHeader: string | undefined, port: number): boolean {
    const cookie = cookieIn(cookieHeader, port);
    if (cookie === null || token === undefined) return false;
    const expected = this.#tokenFor(cookie);
    const given = Buffer.from(token, 'hex');
    return given.length === expected.length && timingSafeEqual(given, expected);
  }

  #tokenFor(cookie: string): Buffer {
    return createHmac('sha256', this.#secret).update(cookie).digest();
  }
}

function cookieName(port: number): string {
  return `ldlm-admin-${port}`;
}

function cookieIn(header: string | undefined, port: number): string | null {
  if (header === undefined) return null;
  const value = fastifyCookie.parse(header)[cookieName(port)];
  return value !== undefined && COOKIE_VALUE.test(value) ? value : null;
}
