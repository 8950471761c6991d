import type { ConnectionOptions } from 'node:tls';
import type { ConnectTarget } from '../connect-string.ts';
import type { SessionClock, SessionState } from '../nodes.ts';
import { type ConnectReply, NO_SESSION, type SessionTicket } from '../wire/handshake.ts';
import { OpCode } from '../wire/op-code.ts';
import {
  ClientClosedError,
  RequestTimeoutError,
  SessionExpiredError,
  TooManyRequestsError,
  ZooKeeperError,
} from '../zookeeper-error.ts';
import type { KeepRunning } from './keep-running.ts';
import { Request, type RequestParts } from './request.ts';
import { RequestQueue } from './request-queue.ts';
import { ServerList } from './server-list.ts';
import { SessionDeadlines } from './session-deadlines.ts';
import { type Credentials, SessionLink } from './session-link.ts';
import { WatchRegistry } from './watch-registry.ts';

/** How often to look at the deadlines at the least, and at the most. */
const LOOK_MS_MAX = 1_000;
const LOOK_MS_MIN = 2;
/** A server that takes this long for a connection is passed over, at the least. */
const GREETING_MS_MIN = 500;
/** How long the end of a session may take; the server ends it by its timeout otherwise. */
const CLOSE_MS_MAX = 2_000;

export interface SessionOptions {
  readonly target: ConnectTarget;
  readonly tls: ConnectionOptions | null;
  readonly timeoutMs: number;
  readonly requestTimeoutMs: number;
  readonly requestsMax: number;
  readonly auth: readonly Credentials[];
  readonly clock: SessionClock;
  readonly keepRunning: KeepRunning;
  /** Where the numbers of requests begin. */
  readonly firstXid: number;
  readonly stateChanged: (state: SessionState) => void;
  readonly notified: (type: 'created' | 'deleted' | 'dataChanged' | 'childrenChanged', path: string) => void;
}

/**
 * A session with an ensemble: finds a server, keeps the session alive on one connection after the other, and knows by itself
 * when it is over. Requests wait for a connection; those that were under way when one was lost fail, because nobody knows
 * what became of them, but for reads, which are made again.
 */
export class Session {
  readonly watches = new WatchRegistry();
  readonly #options: SessionOptions;
  readonly #servers: ServerList;
  readonly #deadlines = new SessionDeadlines();
  readonly #waiting = new RequestQueue<Request>();
  #state: SessionState = 'connecting';
  #ticket: SessionTicket = NO_SESSION;
  #link: SessionLink | null = null;
  #isReady = false;
  #greetingEndsMs = 0;
  #lastZxid = 0n;
  #endLook: () => void = () => {};
  #endPause: () => void = () => {};
  /** Why nobody can use the client any more. */
  fault: ZooKeeperError | null = null;
  readonly #settled = (): void => this.#options.keepRunning.release();
  /** What went wrong with the last server. */
  lastCause: Error | null = null;

  constructor(options: SessionOptions) {
    this.#options = options;
    this.#servers = new ServerList(options.target);
    this.#connect();
    this.#look();
  }

  get state(): SessionState {
    this.#checkExpiry();
    return this.#state;
  }

  /** 0 as long as there is none. */
  get id(): bigint {
    return this.#ticket.id;
  }

  /** What the server has granted, in milliseconds; 0 before. */
  get timeoutMs(): number {
    return this.#deadlines.timeoutMs;
  }

  get localAddress(): string {
    return this.#link?.localAddress ?? '';
  }

  get servers(): string {
    return this.#servers.toString();
  }

  isAlive(id: bigint): boolean {
    this.#checkExpiry();
    return id !== 0n && id === this.#ticket.id;
  }

  submit<Reply>(parts: RequestParts<Reply>): Promise<Reply> {
    this.#checkExpiry();
    if (this.fault !== null) return Promise.reject(this.fault);
    const { requestsMax, requestTimeoutMs, clock } = this.#options;
    if (this.#waiting.length + (this.#link?.inFlightCount ?? 0) >= requestsMax)
      return Promise.reject(new TooManyRequestsError(parts.path, requestsMax));
    this.#options.keepRunning.hold();
    const request = new Request(parts, clock.nowMs() + requestTimeoutMs, this.#settled);
    this.#send(request as Request);
    return request.promise;
  }

  /** Ends the session, and with it all its ephemeral nodes, if a server can be told. */
  async close(): Promise<void> {
    if (this.fault !== null) return;
    const link = this.#isReady ? this.#link : null;
    const closing = link === null ? null : new Request(closeSession, 0, () => {});
    if (closing !== null) {
      link!.send(closing as Request);
      this.#isReady = false;
      await settled(closing.promise, CLOSE_MS_MAX);
    }
    this.#end(new ClientClosedError());
  }

  /** Gives the connection up, as a fault of the network would. */
  dropConnection(): void {
    this.#link?.fail(new ZooKeeperError('ZOOKEEPER_DROPPED', 'the connection was given up'));
  }

  // ---- connections ----------------------------------------------------------------------------------------------

  #connect(): void {
    const { timeoutMs, tls, clock, firstXid } = this.#options;
    this.#greetingEndsMs = clock.nowMs() + Math.max(GREETING_MS_MIN, timeoutMs / this.#servers.count);
    const nowMs = (): number => clock.nowMs();
    this.#link = new SessionLink(
      {
        ...{ server: this.#servers.next(), tls, ticket: this.#ticket, timeoutMs },
        ...{ lastZxid: this.#lastZxid, nowMs },
      },
      {
        greeted: (reply, sentMs) => this.#greeted(reply, sentMs),
        received: (sentMs) => {
          this.#deadlines.received(nowMs());
          if (sentMs !== null) this.#deadlines.answered(sentMs);
        },
        notified: this.#options.notified,
        refused: (error) => this.#end(error),
        closed: (cause) => this.#dropped(cause),
      },
      firstXid,
    );
  }

  #greeted({ timeoutMs, ticket }: ConnectReply, sentMs: number): void {
    this.#checkExpiry();
    const link = this.#link;
    if (link === null) return;
    if (timeoutMs <= 0) {
      this.#servers.reached();
      return this.#lose();
    }
    this.#ticket = ticket;
    this.#deadlines.connected(timeoutMs, sentMs, this.#options.clock.nowMs());
    this.#servers.reached();
    this.#isReady = true;
    for (const credentials of this.#options.auth) link.authenticate(credentials);
    link.armWatches(this.watches);
    for (const request of this.#waiting.takeAll()) this.#send(request);
    this.#look();
    this.#become('connected');
  }

  #dropped(cause: Error | null): void {
    if (cause !== null) this.lastCause = cause;
    const wasReady = this.#isReady;
    this.#unlink(cause);
    if (this.fault !== null) return;
    this.#endPause = this.#options.clock.after(this.#servers.pauseMs(), () => this.#connect());
    if (wasReady) this.#become('suspended');
  }

  /** Nothing is known of what was under way: reads are made again, before all others, and the rest fails. */
  #unlink(cause: Error | null): void {
    const link = this.#link;
    if (link === null) return;
    this.#link = null;
    this.#isReady = false;
    this.#lastZxid = link.lastZxid;
    const unanswered = link.destroy();
    const waiting = this.#waiting.takeAll();
    for (const request of [...unanswered.filter(({ isRead }) => isRead), ...waiting])
      this.#waiting.push(request);
    for (const request of unanswered) if (!request.isRead) request.lose(cause);
  }

  #send(request: Request): void {
    if (!this.#isReady) return this.#waiting.push(request);
    try {
      this.#link!.send(request);
      this.#deadlines.sent(request.sentMs);
    } catch (error) {
      request.fail(error as ZooKeeperError);
    }
  }

  // ---- time -----------------------------------------------------------------------------------------------------

  #look(): void {
    this.#endLook();
    if (this.fault !== null) return;
    this.#checkExpiry();
    const nowMs = this.#options.clock.nowMs();
    if (this.#isReady) this.#checkConnection(nowMs);
    else if (this.#link !== null && nowMs >= this.#greetingEndsMs)
      this.#link.fail(new ZooKeeperError('ZOOKEEPER_SILENT', 'the server does not answer to the greeting'));
    this.#giveUpWaiting(nowMs);
    const dueMs = this.#isReady
      ? Math.min(this.#deadlines.pingAtMs, this.#deadlines.silentAtMs)
      : this.#link === null
        ? Number.POSITIVE_INFINITY
        : this.#greetingEndsMs;
    const expiresMs = this.id === 0n ? Number.POSITIVE_INFINITY : this.#deadlines.expiresAtMs;
    const waitMs = Math.max(LOOK_MS_MIN, Math.min(dueMs - nowMs, expiresMs - nowMs, LOOK_MS_MAX));
    this.#endLook = this.#options.clock.after(waitMs, () => this.#look());
  }

  #checkConnection(nowMs: number): void {
    if (nowMs >= this.#deadlines.silentAtMs) {
      this.#link!.fail(new ZooKeeperError('ZOOKEEPER_SILENT', 'the server does not answer'));
    } else if (nowMs >= this.#deadlines.pingAtMs) {
      this.#link!.ping(nowMs);
      this.#deadlines.sent(nowMs);
    }
  }

  #giveUpWaiting(nowMs: number): void {
    for (let first = this.#waiting.first(); first !== null && first.timeoutAtMs <= nowMs; ) {
      this.#waiting.shift();
      first.fail(new RequestTimeoutError(first.path, this.#options.requestTimeoutMs));
      first = this.#waiting.first();
    }
  }

  #checkExpiry(): void {
    if (this.id === 0n || this.fault !== null) return;
    if (this.#options.clock.nowMs() >= this.#deadlines.expiresAtMs) this.#lose();
  }

  /** The session is over. Its server may not know yet, so it is not come back to. */
  #lose(): void {
    this.#ticket = NO_SESSION;
    this.#endPause();
    this.#unlink(null);
    for (const request of this.#waiting.takeAll()) request.fail(new SessionExpiredError(request.path));
    this.#become('lost');
    if (this.fault === null && this.#link === null) this.#connect();
  }

  #end(fault: ZooKeeperError): void {
    if (this.fault !== null) return;
    this.fault = fault;
    this.#endLook();
    this.#endPause();
    this.#ticket = NO_SESSION;
    for (const request of [...(this.#link?.destroy() ?? []), ...this.#waiting.takeAll()]) request.fail(fault);
    this.#link = null;
    this.#isReady = false;
    this.#become('closed');
  }

  #become(state: SessionState): void {
    if (this.#state === state) return;
    this.#state = state;
    this.#options.stateChanged(state);
  }
}

const closeSession: RequestParts<void> = {
  op: OpCode.CloseSession,
  path: '',
  isRead: false,
  write: () => {},
  read: () => {},
};

async function settled(promise: Promise<unknown>, waitMs: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, waitMs);
  });
  await Promise.race([promise.catch(() => {}), late]);
  clearTimeout(timer);
}
