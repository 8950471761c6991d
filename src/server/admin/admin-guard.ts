import type { IncomingMessage } from 'node:http';
import { AllowedHosts } from '../allowed-hosts.ts';
import { passwordCheck } from '../password.ts';
import { isFromOwnPage } from '../same-origin.ts';
import { type IssuedToken, PageTokens, TOKEN_HEADER } from './page-tokens.ts';

/** What the guard needs to know. */
export interface GuardOptions {
  readonly adminListenAddress: string;
  readonly adminHosts: string;
  readonly password: string;
  readonly isTls: boolean;
}

/** Why a request is not answered: the body of the answer and its status. */
export interface AdminRefusal {
  readonly status: 401 | 403 | 421;
  /** Stable, for programs. */
  readonly code: 'LDLM_ADMIN_HOST' | 'LDLM_ADMIN_CREDENTIALS' | 'LDLM_ADMIN_ORIGIN' | 'LDLM_ADMIN_TOKEN';
  readonly message: string;
}

/** Paths that tell no more than whether the server works, for orchestrators, which have no password. */
const OPEN_PATHS: readonly string[] = ['/healthz', '/readyz'];
/** Methods that change nothing. */
const READING: readonly string[] = ['GET', 'HEAD', 'OPTIONS'];
const BASIC = /^basic +([a-z0-9+/=]*) *$/i;

/**
 * Decides who gets past the door of the admin listener, before any route sees the request, so that it can be left open
 * in a browser that visits other sites too:
 *
 * 1. `Host` is one of this server, see {@link AllowedHosts}: else 421.
 * 2. With a password, the request brings it as Basic credentials, under any user name: else 401, which makes browsers ask.
 *    {@link OPEN_PATHS} need none.
 * 3. `/api/...` is not for pages of other sites: when the browser says that one asks (`Sec-Fetch-Site`), 403. Such a page
 *    could not read the answer, but use up what is kept for dashboards.
 * 4. What may change something (all methods but GET, HEAD and OPTIONS) comes from a page of this server: `Origin` is there
 *    and names the host of `Host`, and `x-ldlm-token` is what `GET /api/info` has told this browser, see
 *    {@link PageTokens}: else 403. A program does the same: ask `/api/info`, send the cookie, the token and the origin.
 */
export class AdminGuard {
  readonly #hosts: AllowedHosts;
  readonly #tokens: PageTokens;
  readonly #isTls: boolean;
  readonly #refusePassword: (authorization: string | null) => string | null;

  /** @throws ConfigError for host names that cannot be any */
  constructor({ adminListenAddress, adminHosts, password, isTls }: GuardOptions) {
    this.#hosts = new AllowedHosts(adminHosts, adminListenAddress, isTls);
    this.#tokens = new PageTokens(isTls);
    this.#isTls = isTls;
    this.#refusePassword = passwordCheck(password);
  }

  /** Null when the request may be answered. */
  refuse(request: IncomingMessage): AdminRefusal | null {
    const { headers, socket, method = '' } = request;
    const host = this.#hosts.refuse(headers.host, socket);
    if (host !== null) return { status: 421, code: 'LDLM_ADMIN_HOST', message: host };
    const credentials = isOpen(request) ? null : this.#refusePassword(basicPassword(headers.authorization));
    if (credentials !== null) return { status: 401, code: 'LDLM_ADMIN_CREDENTIALS', message: credentials };
    return READING.includes(method) ? refuseOtherSite(request) : this.#refuseChange(request);
  }

  /** A token for the page that sends this request, see {@link PageTokens}. */
  issueToken({ headers, socket }: IncomingMessage): IssuedToken {
    return this.#tokens.issue(headers.cookie, socket.localPort ?? 0);
  }

  #refuseChange({ headers, socket }: IncomingMessage): AdminRefusal | null {
    const { origin, host, cookie } = headers;
    if (!isFromOwnPage(headers, host, this.#isTls)) {
      const shown = origin === undefined ? 'no origin' : `the origin ${JSON.stringify(origin.slice(0, 256))}`;
      const message = `changes come from a page of this server only: the request names ${shown}`;
      return { status: 403, code: 'LDLM_ADMIN_ORIGIN', message };
    }
    const token = headers[TOKEN_HEADER];
    if (this.#tokens.isValid(String(token), cookie, socket.localPort ?? 0)) return null;
    const message = `${TOKEN_HEADER} is missing or of an earlier start of the server: ask GET /api/info for it`;
    return { status: 403, code: 'LDLM_ADMIN_TOKEN', message };
  }
}

/** Only browsers say on whose behalf they ask, and pages cannot make them say something else. */
function refuseOtherSite(request: IncomingMessage): AdminRefusal | null {
  const site = request.headers['sec-fetch-site'];
  if (site === undefined || site === 'same-origin' || site === 'none' || !isApi(request)) return null;
  const message = 'only pages of this server may ask for this: the request comes from a page of another one';
  return { status: 403, code: 'LDLM_ADMIN_ORIGIN', message };
}

function isOpen(request: IncomingMessage): boolean {
  return OPEN_PATHS.includes(pathOf(request));
}

/** The router finds a route also where its path is written with escapes. */
function isApi(request: IncomingMessage): boolean {
  try {
    return decodeURIComponent(pathOf(request)).startsWith('/api/');
  } catch {
    // No route has such a path.
    return false;
  }
}

function pathOf({ url = '' }: IncomingMessage): string {
  return url.replace(/[?#].*$/s, '');
}

/** The password in Basic credentials (RFC 7617), as a byte string; null when there are none. */
function basicPassword(authorization: string | undefined): string | null {
  const encoded = BASIC.exec(authorization ?? '')?.[1];
  if (encoded === undefined) return null;
  const pair = Buffer.from(encoded, 'base64').toString('latin1');
  const colon = pair.indexOf(':');
  return colon < 0 ? null : pair.slice(colon + 1);
}
