import { CallEnd } from './call-end.ts';
import { CookieJar, sessionCookieOf } from './cookie-jar.ts';
import type { ElapsedTime } from './elapsed-clock.ts';
import type { HttpAnswer } from './http-exchange.ts';
import type { HttpPool, HttpRequest } from './http-pool.ts';
import { KeptSession } from './kept-session.ts';
import { beginFailureOf, certainTimeOf, isSessionGone, statedTimeOf } from './rest-answer.ts';
import { TransportError } from './transport.ts';

const ANSWER_MS_MAX = 10_000;
/** When a probe that failed is repeated. */
const RETRY_MS_MAX = 500;
const BEGIN_MS_MAX = 30_000;
const END_MS_MAX = 1_000;

type SessionRequest = Omit<HttpRequest, 'headers'>;

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
  readonly #certainMsMax: number;
  readonly #cookies = new CookieJar();
  #session: KeptSession | null = null;
  #beginning: Promise<KeptSession> | null = null;
  #timer: NodeJS.Timeout | undefined;
  #probing: Promise<void> | null = null;
  #closed = false;

  /**
   * @param headers are sent with every request
   * @param certainMsMax after so long without an answer the session is given up, though it may go on. Default: never
   */
  constructor(
    pool: HttpPool,
    headers: Readonly<Record<string, string>>,
    clock: ElapsedTime,
    certainMsMax = Number.POSITIVE_INFINITY,
  ) {
    this.#pool = pool;
    this.#headers = headers;
    this.#clock = clock;
    this.#certainMsMax = certainMsMax;
    pool.onDisconnect = () => void this.#probe();
  }

  /** Whether there is a session that may hold locks. */
  get isAlive(): boolean {
    return this.#session !== null;
  }

  /** The session; one is begun where there is none. Rejects with TransportError. */
  async current(end: CallEnd): Promise<KeptSession> {
    this.check();
    if (this.#session !== null) return this.#session;
    if (this.#closed) throw new TransportError('unavailable', 'the session is closed');
    this.#beginning ??= this.#begin().finally(() => {
      this.#beginning = null;
    });
    return end.race(this.#beginning);
  }

  /** Notices now when the session may be over, rather than when a timer comes to it. */
  check(): void {
    this.#session?.check();
  }

  /** Asks in the session. Rejects with TransportError. */
  async ask(session: KeptSession, request: SessionRequest, end: CallEnd): Promise<HttpAnswer> {
    const answer = await this.#use(session, request, end);
    // A server that stops says so with its last answers, and the connection that would tell of its end is closed by us.
    if (answer.headers['connection'] === 'close') void this.#probe();
    return answer;
  }

  /** Whether the server answers in the session now. */
  async isHeard(): Promise<boolean> {
    await this.#probe();
    return this.#session !== null && !this.#session.isDoubtful;
  }

  /** Ends the session, as far as the server can be reached, and begins none any more. */
  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    const session = this.#session;
    this.#session = null;
    if (session === null) return;
    session.end();
    const end = new CallEnd({ timeoutMs: END_MS_MAX });
    try {
      await this.#send({ method: 'DELETE', path: '/session', body: null }, session.id, end);
    } catch {
      // It ends by its timeout then.
    } finally {
      end.close();
    }
  }

  async #send(request: SessionRequest, id: string | null, end: CallEnd): Promise<HttpAnswer> {
    const headers = { ...this.#headers, ...this.#cookies.header(id) };
    const answer = await this.#pool.ask({ ...request, headers }, end);
    this.#cookies.take(answer);
    return answer;
  }

  async #use(session: KeptSession, request: SessionRequest, end: CallEnd): Promise<HttpAnswer> {
    const sentMs = this.#clock.nowMs();
    const answer = await this.#send(request, session.id, end);
    if (isSessionGone(answer)) this.#lose(session);
    else if (sessionCookieOf(answer)?.value === session.id) this.#used(session, sentMs, answer);
    return answer;
  }

  #used(session: KeptSession, sentMs: number, answer: HttpAnswer): void {
    const certainMs = statedTimeOf(answer);
    session.used(sentMs, certainMs === null ? null : Math.min(certainMs, this.#certainMsMax));
  }

  async #begin(): Promise<KeptSession> {
    const end = new CallEnd({ timeoutMs: BEGIN_MS_MAX });
    const sentMs = this.#clock.nowMs();
    try {
      const answer = await this.#send({ method: 'POST', path: '/session', body: null }, null, end);
      const cookie = sessionCookieOf(answer);
      if (answer.status !== 201 || cookie === null) throw beginFailureOf(answer);
      const session: KeptSession = new KeptSession(sentMs, {
        id: cookie.value,
        certainMs: Math.min(certainTimeOf(answer), this.#certainMsMax),
        clock: this.#clock,
        over: () => this.#giveUp(session),
      });
      this.#session = session;
      this.#wait(session.probeMs - session.idleMs);
      return session;
    } finally {
      end.close();
    }
  }

  /** Waits until the session is to be used again. */
  #wait(ms: number): void {
    clearTimeout(this.#timer);
    if (this.#closed) return;
    this.#timer = setTimeout(() => this.#due(), Math.max(ms, 0));
    this.#timer.unref();
  }

  #due(): void {
    const session = this.#session;
    if (session === null) return;
    const { idleMs, probeMs, isDoubtful } = session;
    if (isDoubtful || idleMs >= probeMs) void this.#probe();
    else this.#wait(probeMs - idleMs);
  }

  /** It may be over. What still goes on in it must not be granted to a session that nobody keeps any more. */
  #giveUp(session: KeptSession): void {
    this.#pool.reset();
    this.#lose(session);
  }

  /** Finds out whether the session goes on. One probe at a time: who comes meanwhile waits for it. */
  #probe(): Promise<void> {
    const session = this.#session;
    if (session === null || this.#closed) return Promise.resolve();
    this.#probing ??= this.#probeOnce(session).finally(() => {
      this.#probing = null;
    });
    return this.#probing;
  }

  /** Uses the session, by a request that asks for nothing: a method that the path does not know. */
  async #probeOnce(session: KeptSession): Promise<void> {
    session.isDoubtful = true;
    const end = new CallEnd({ timeoutMs: Math.min(ANSWER_MS_MAX, session.probeMs, session.leftMs) });
    try {
      await this.#use(session, { method: 'GET', path: '/session', body: null }, end);
    } catch (error) {
      // Connections that take requests and bring no answers are dropped, so that waits go on over new ones.
      if (error instanceof TransportError && error.kind === 'unanswered') this.#pool.reset();
    } finally {
      end.close();
    }
    if (this.#session !== session) return;
    if (session.isDoubtful) this.#wait(Math.min(RETRY_MS_MAX, session.probeMs));
    else this.#wait(session.probeMs - session.idleMs);
  }

  #lose(session: KeptSession): void {
    session.end();
    if (this.#session !== session) return;
    this.#session = null;
    clearTimeout(this.#timer);
    this.onLost();
  }
}
