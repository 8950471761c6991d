/** The name of the cookie that carries a session's id. */
const COOKIE = 'ldlm-session';

/**
 * The session id in a `Cookie` header: of several cookies of the name the first one counts. Null when there is none;
 * an empty one is a cookie all the same.
 */
export function readSessionCookie(header: string | undefined): string | null {
  if (header === undefined) return null;
  let start = 0;
  while (start < header.length) {
    let end = header.indexOf(';', start);
    if (end < 0) end = header.length;
    while (header.charCodeAt(start) === SPACE) start++;
    if (header.startsWith(COOKIE, start) && header.charCodeAt(start + COOKIE.length) === EQUALS) {
      const value = header.slice(start + COOKIE.length + 1, end).trim();
      return isQuoted(value) ? value.slice(1, -1) : value;
    }
    start = end + 1;
  }
  return null;
}

const SPACE = 0x20;
const EQUALS = 0x3d;

function isQuoted(value: string): boolean {
  return value.length > 1 && value.startsWith('"') && value.endsWith('"');
}

/** Makes the `Set-Cookie` headers of sessions. */
export class SessionCookies {
  /** After how long without a request a session ends. */
  readonly timeoutMs: number;
  readonly #attributes: string;
  /** What is behind the id, for the second in which it was made: HTTP dates have no finer ones. */
  #rest = '';
  #restSecond = -1;

  /** @param secure whether browsers are to send the cookie over TLS only */
  constructor(timeoutMs: number, secure: boolean) {
    this.timeoutMs = timeoutMs;
    this.#attributes = `; HttpOnly; SameSite=Strict${secure ? '; Secure' : ''}`;
  }

  /** The header for a session that was used at this time, in wall milliseconds. */
  renewed(id: string, nowMs: number): string {
    const second = Math.floor(nowMs / 1000);
    if (second !== this.#restSecond) {
      this.#restSecond = second;
      const expires = new Date(second * 1000 + this.timeoutMs).toUTCString();
      this.#rest = `; Path=/; Expires=${expires}${this.#attributes}`;
    }
    return `${COOKIE}=${id}${this.#rest}`;
  }

  /** The header for a session that was ended: as with LDLM the client is left with an empty cookie. */
  get cleared(): string {
    return `${COOKIE}=; Path=/${this.#attributes}`;
  }
}
