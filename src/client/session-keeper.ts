import { CallEnd } from './call-end.ts';
import type { ElapsedTime } from './elapsed-clock.ts';
import type { HttpAnswer } from './http-exchange.ts';
import type { HttpPool, HttpRequest } from './http-pool.ts';
import { failureOf, isSessionGone, sessionCookieOf, sessionTimeoutOf } from './rest-answer.ts';
import { TransportError } from './transport.ts';

/** What a server without a say in it has. */
const DEFAULT_TIMEOUT_MS = 600_000;
const TIMEOUT_MS_MIN = 1_000;
/** The cookie tells whole seconds, so the session may end that much earlier. */
const COOKIE_STEP_MS = 1_000;
/** A session is used at least so often, and more often where it ends sooner: a server that is gone is noticed by that. */
const PROBE_MS_MAX = 20_000;
const PROBES_PER_TIMEOUT = 3;
const ANSWER_MS_MAX = 10_000;
/** When a probe that failed is repeated. */
const RETRY_MS_MAX = 500;
const BEGIN_MS_MAX = 30_000;
const END_MS_MAX = 1_000;

type SessionRequest = Omit<HttpRequest, 'headers'>;

/** A session of this client on the server. */
export interface KeptSession {
  readonly cookie: string;
  /** For how long after it was used it certainly goes on. */
  readonly certainMs: number;
  /** When the request was sent that was answered last. */
  usedMs: number;
  /** Nothing was answered since something hinted at its end. */
  isDoubtful: boolean;
}

/**
 * Keeps one session on the server, whose locks end with it: begins it, uses it so often that it does not end, and notices
 * when it did, or may have.
 */
export class SessionKeeper {
  /** Called when a session is over that nobody has ended here. */
  onLost: () => void = () => {};
  readonly #pool: HttpPool;
  readonly #headers: Readonly<Record<string, string>>;
  readonly #clock: ElapsedTime;
  #session: KeptSession | null = null;
  #beginning: Promise<KeptSession> | null = null;
  #timer: NodeJS.Timeout | undefined;
  #probing = false;
  #closed = false;

  /** @param headers are sent with every request */
  constructor(pool: HttpPool, headers: Readonly<Record<string, string>>, clock: ElapsedTime) {
    this.#pool = pool;
    this.#headers = headers;
    this.#clock = clock;
    pool.onDisconnect = () => void this.#probe();
  }

  /** The session; one is begun where there is none. Rejects with TransportError. */
  async current(end: CallEnd): Promise<KeptSession> {
    if (this.#session !== null) return this.#session;
    if (this.#closed) throw new TransportError('unavailable', 'the session is closed');
    this.#beginning ??= this.#begin().finally(() => {
      this.#beginning = null;
    });
    return end.race(this.#beginning);
  }

  /** Asks in the session. Rejects with TransportError. */
  async ask(session: KeptSession, request: SessionRequest, end: CallEnd): Promise<HttpAnswer> {
    const answer = await this.#use(session, request, end);
    // A server that stops says so with its last answers, and the connection that would tell of its end is closed by us.
    if (answer.headers['connection'] === 'close') void this.#probe();
    return answer;
  }

  /** Ends the session, as far as the server can be reached, and begins none any more. */
  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    const session = this.#session;
    this.#session = null;
    if (session === null) return;
    const headers = { ...this.#headers, cookie: session.cookie };
    const end = new CallEnd({ timeoutMs: END_MS_MAX });
    try {
      await this.#pool.ask({ method: 'DELETE', path: '/session', headers, body: null }, end);
    } catch {
      // It ends by its timeout then.
    } finally {
      end.close();
    }
  }

  async #use(session: KeptSession, request: SessionRequest, end: CallEnd): Promise<HttpAnswer> {
    const sentMs = this.#clock.nowMs();
    const headers = { ...this.#headers, cookie: session.cookie };
    const answer = await this.#pool.ask({ ...request, headers }, end);
    if (isSessionGone(answer)) this.#lose(session);
    else if (sessionCookieOf(answer) !== null) {
      session.usedMs = Math.max(session.usedMs, sentMs);
      session.isDoubtful = false;
    }
    return answer;
  }

  async #begin(): Promise<KeptSession> {
    const end = new CallEnd({ timeoutMs: BEGIN_MS_MAX });
    const usedMs = this.#clock.nowMs();
    try {
      const request = { method: 'POST', path: '/session', headers: this.#headers, body: null } as const;
      const answer = await this.#pool.ask(request, end);
      const cookie = sessionCookieOf(answer);
      if (answer.status !== 201 || cookie === null) throw failureOf(answer);
      const timeoutMs = Math.max(sessionTimeoutOf(answer) ?? DEFAULT_TIMEOUT_MS, TIMEOUT_MS_MIN);
      const certainMs = Math.max(timeoutMs - COOKIE_STEP_MS, timeoutMs / 2);
      const session: KeptSession = { cookie, usedMs, certainMs, isDoubtful: false };
      this.#session = session;
      this.#wait(probeMsOf(session));
      return session;
    } finally {
      end.close();
    }
  }

  /** Waits until the session is to be used again, or may be over. */
  #wait(ms: number): void {
    clearTimeout(this.#timer);
    if (this.#closed) return;
    this.#timer = setTimeout(() => this.#due(), Math.max(ms, 0));
    this.#timer.unref();
  }

  #due(): void {
    const session = this.#session;
    if (session === null) return;
    const idleMs = this.#clock.nowMs() - session.usedMs;
    if (idleMs >= session.certainMs) this.#giveUp(session);
    else if (session.isDoubtful || idleMs >= probeMsOf(session)) void this.#probe();
    else this.#wait(probeMsOf(session) - idleMs);
  }

  /** It may be over. What still goes on in it must not be granted to a session that nobody keeps any more. */
  #giveUp(session: KeptSession): void {
    this.#pool.reset();
    this.#lose(session);
  }

  /** Uses the session, by a request that asks for nothing: a method that the path does not know. */
  async #probe(): Promise<void> {
    const session = this.#session;
    if (session === null || this.#probing || this.#closed) return;
    this.#probing = true;
    session.isDoubtful = true;
    const end = new CallEnd({ timeoutMs: Math.min(ANSWER_MS_MAX, probeMsOf(session)) });
    try {
      await this.#use(session, { method: 'GET', path: '/session', body: null }, end);
    } catch (error) {
      // Connections that take requests and bring no answers are dropped, so that waits go on over new ones.
      if (error instanceof TransportError && error.kind === 'unanswered') this.#pool.reset();
    } finally {
      end.close();
      this.#probing = false;
    }
    this.#waitBehindProbe(session);
  }

  #waitBehindProbe(session: KeptSession): void {
    if (this.#session !== session) return;
    const idleMs = this.#clock.nowMs() - session.usedMs;
    if (!session.isDoubtful) return this.#wait(probeMsOf(session) - idleMs);
    const retryMs = Math.min(RETRY_MS_MAX, probeMsOf(session));
    this.#wait(Math.min(retryMs, session.certainMs - idleMs));
  }

  #lose(session: KeptSession): void {
    if (this.#session !== session) return;
    this.#session = null;
    clearTimeout(this.#timer);
    this.onLost();
  }
}

function probeMsOf({ certainMs }: KeptSession): number {
  return Math.min(PROBE_MS_MAX, certainMs / PROBES_PER_TIMEOUT);
}
