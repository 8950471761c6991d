import { sessionCookieOf } from './cookie-jar.ts';
import { failureKindOf } from './failure-kinds.ts';
import type { HttpAnswer } from './http-exchange.ts';
import { readFault } from './rest-messages.ts';
import { TransportError } from './transport.ts';

const UNAUTHORIZED = 401;
/** What those answer who stand between client and server and do not reach it. */
const UNREACHABLE: readonly number[] = [502, 503, 504];
const TIMEOUT_HEADER = 'ldlm-session-timeout-ms';
/** The clocks of two machines may run so differently, and a good deal less. */
const DRIFT = 1 / 1000;
/** What the cookie says is believed up to here: a session is used three times in it, as often as is good for other reasons. */
const COOKIE_TIMEOUT_MS_MAX = 61_000;
const COOKIE_TIMEOUT_MS_MIN = 100;
const COOKIE_STEP_MS = 1_000;
/** Where nothing is said. */
const UNKNOWN_TIMEOUT_MS = 5_000;

/** Whether the server does not know the session: a missing password has the same status, and asks for one. */
export function isSessionGone({ status, headers }: HttpAnswer): boolean {
  return status === UNAUTHORIZED && headers['www-authenticate'] === undefined;
}

/**
 * For how long after its use a session certainly goes on, in milliseconds, by the answer that has begun it.
 *
 * Servers that do not say it themselves have their cookie expire with the session, to whole seconds. What remains until
 * then is told by the date of the answer, which a proxy may have written, and by our own clock, which may be wrong: the one
 * that says less counts. Either can only be believed as far as it costs nothing.
 */
export function certainTimeOf(answer: HttpAnswer, nowMs = Date.now()): number {
  const statedMs = statedTimeOf(answer);
  if (statedMs !== null) return statedMs;
  const expiresMs = Date.parse(sessionCookieOf(answer)?.attributes.get('expires') ?? '');
  const dates = [Date.parse(String(answer.headers['date'] ?? '')), nowMs];
  const left = dates.map((ms) => expiresMs - ms).filter((ms) => ms > 0);
  if (left.length === 0) return UNKNOWN_TIMEOUT_MS;
  return Math.max(COOKIE_TIMEOUT_MS_MIN, Math.min(...left, COOKIE_TIMEOUT_MS_MAX) - COOKIE_STEP_MS);
}

/** What the server itself says of that, with the answer that has begun the session or with a later one; null: nothing. */
export function statedTimeOf({ headers }: HttpAnswer): number | null {
  const stated = headers[TIMEOUT_HEADER];
  if (typeof stated !== 'string' || !/^\d{1,15}$/.test(stated)) return null;
  return Number(stated) * (1 - DRIFT);
}

/** Why an answer begins no session: whatever the form of a 401, there is no session yet that could be missing. */
export function beginFailureOf(answer: HttpAnswer): TransportError {
  return answer.status === UNAUTHORIZED ? withoutPassword() : failureOf(answer);
}

/** Why an answer is none to the call. */
export function failureOf(answer: HttpAnswer): TransportError {
  const { status, message } = readFault(answer.body);
  const text = message || `the server answers with HTTP status ${answer.status}`;
  if (answer.status === UNAUTHORIZED) {
    return isSessionGone(answer) ? new TransportError('unavailable', text) : withoutPassword();
  }
  if (status !== null) return new TransportError(failureKindOf(status, text), text);
  return new TransportError(UNREACHABLE.includes(answer.status) ? 'unavailable' : 'refused', text);
}

function withoutPassword(): TransportError {
  return new TransportError('unauthenticated', 'the password is missing or wrong');
}
