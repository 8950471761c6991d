import { failureKindOf } from './failure-kinds.ts';
import type { HttpAnswer } from './http-exchange.ts';
import { readFault } from './rest-messages.ts';
import { TransportError } from './transport.ts';

const UNAUTHORIZED = 401;
/** What those answer who stand between client and server and do not reach it. */
const UNREACHABLE: readonly number[] = [502, 503, 504];

/** Whether the server does not know the session: a missing password has the same status, and asks for one. */
export function isSessionGone({ status, headers }: HttpAnswer): boolean {
  return status === UNAUTHORIZED && headers['www-authenticate'] === undefined;
}

/** The cookie that an answer sets, as it is to be sent; null when it sets none, as answers outside of a session do. */
export function sessionCookieOf({ headers }: HttpAnswer): string | null {
  const set = headers['set-cookie'];
  const [cookie] = (typeof set === 'string' ? set : (set?.[0] ?? '')).split(';', 1);
  return cookie !== undefined && /^[^=]+=./.test(cookie) ? cookie : null;
}

/**
 * After how long without a request the session ends, in milliseconds, as far as its cookie tells, which knows seconds:
 * it expires with the session. Whose clocks differ does not matter, because the answer has a date of the same clock.
 */
export function sessionTimeoutOf({ headers }: HttpAnswer): number | null {
  const set = String(headers['set-cookie'] ?? '');
  const expires = /;\s*expires=([^;]+)/i.exec(set)?.[1];
  const timeoutMs = Date.parse(expires ?? '') - Date.parse(String(headers['date'] ?? ''));
  return Number.isNaN(timeoutMs) ? null : timeoutMs;
}

/** Why an answer is none to the call. */
export function failureOf(answer: HttpAnswer): TransportError {
  const { status, message } = readFault(answer.body);
  const text = message || `the server answers with HTTP status ${answer.status}`;
  if (answer.status === UNAUTHORIZED) {
    return isSessionGone(answer)
      ? new TransportError('unavailable', text)
      : new TransportError('unauthenticated', 'the password is missing or wrong');
  }
  if (status !== null) return new TransportError(failureKindOf(status, text), text);
  return new TransportError(UNREACHABLE.includes(answer.status) ? 'unavailable' : 'refused', text);
}
