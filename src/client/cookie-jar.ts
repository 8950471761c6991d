import type { HttpAnswer } from './http-exchange.ts';

/** The cookie of the server's own that names a session. */
const SESSION = 'ldlm-session';
const COOKIES_MAX = 20;
const BYTES_MAX = 4_096;

/** A cookie that an answer sets. */
interface SetCookie {
  readonly name: string;
  readonly value: string;
  /** By their names in lower case. */
  readonly attributes: ReadonlyMap<string, string>;
}

/** The session's cookie that an answer sets; null when it sets none, as answers outside of a session do, or clears it. */
export function sessionCookieOf(answer: HttpAnswer): SetCookie | null {
  return cookiesOf(answer).find(({ name, value }) => name === SESSION && value !== '') ?? null;
}

/**
 * The cookies of whoever stands between client and server, such as those by which a balancer finds the same server again:
 * they are sent back as they came. One server is all that is talked to, so paths and domains make no difference.
 */
export class CookieJar {
  readonly #values = new Map<string, string>();

  take(answer: HttpAnswer): void {
    if (answer.headers['set-cookie'] === undefined) return;
    for (const cookie of cookiesOf(answer)) {
      if (cookie.name === SESSION) continue;
      this.#values.delete(cookie.name);
      if (!isExpired(cookie)) this.#values.set(cookie.name, cookie.value);
    }
    this.#bound();
  }

  /**
   * The header that sends the cookies.
   *
   * @param session the value of the session's own, which goes first, because of several of its name that one counts
   */
  header(session: string | null): { readonly cookie?: string } {
    const pairs = [...(session === null ? [] : [[SESSION, session]]), ...this.#values];
    return pairs.length === 0 ? {} : { cookie: pairs.map(([name, value]) => `${name}=${value}`).join('; ') };
  }

  /** Drops what was set first when there is too much, or servers would refuse the requests. */
  #bound(): void {
    let bytes = 0;
    for (const [name, value] of this.#values) bytes += name.length + value.length;
    for (const [name, value] of this.#values) {
      if (this.#values.size <= COOKIES_MAX && bytes <= BYTES_MAX) return;
      this.#values.delete(name);
      bytes -= name.length + value.length;
    }
  }
}

function cookiesOf({ headers }: HttpAnswer): SetCookie[] {
  const set = headers['set-cookie'] ?? [];
  return (typeof set === 'string' ? [set] : set).flatMap((text) => readCookie(text) ?? []);
}

function readCookie(text: string): SetCookie | null {
  const [pair, ...rest] = text.split(';').map((part) => {
    const equals = part.indexOf('=');
    return equals < 0 ? [part.trim(), ''] : [part.slice(0, equals).trim(), part.slice(equals + 1).trim()];
  });
  const [name, value] = pair as [string, string];
  if (name === '') return null;
  const attributes = new Map(rest.map(([attribute, setting]) => [attribute!.toLowerCase(), setting!]));
  return { name, value, attributes };
}

/** Whether it is set only to be removed. */
function isExpired({ attributes }: SetCookie): boolean {
  const maxAge = attributes.get('max-age');
  if (maxAge !== undefined) return Number(maxAge) <= 0;
  return Date.parse(attributes.get('expires') ?? '') <= Date.now();
}
