import type { SessionState } from '../nodes.ts';
import { type ConnectReply, NO_SESSION, type SessionTicket } from '../wire/handshake.ts';
import {
  ClientClosedError,
  MalformedReplyError,
  RequestTimeoutError,
  SessionExpiredError,
  TooManyRequestsError,
  ZooKeeperError,
} from '../zookeeper-error.ts';
import { armRequests } from './arm-requests.ts';
import { Request, type RequestParts } from './request.ts';
import { RequestQueue } from './request-queue.ts';
import { ServerList } from './server-list.ts';
import { SessionDeadlines } from './session-deadlines.ts';
import { SessionLink } from './session-link.ts';
import type { SessionOptions } from './session-options.ts';
import { closeSession, failAll, leaveSession, proof, unwatching } from './session-requests.ts';
import { WatchRegistry } from './watch-registry.ts';

/** How often to look at the deadlines at the least, and at the most. */
const LOOK_MS_MAX = 1_000;
const LOOK_MS_MIN = 2;
/** A server that takes this long for a connection is passed over, at the least. */
const GREETING_MS_MIN = 500;

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
  /** What servers are shown as long as there is no session. It counts for nothing before one has taken it. */
  #resume: SessionTicket;
  #link: SessionLink | null = null;
  #isReady = false;
  #greetingEndsMs = 0;
  #lastZxid = 0n;
  #endLook: () => void = () => {};
  #endPause: () => void = () => {};
  #closing: Promise<void> | null = null;
  /** Why nobody can use the client any more. */
  fault: ZooKeeperError | null = null;
  /** How many were submitted and have no answer yet. What the session asks by itself is not among them. */
  #unanswered = 0;
  readonly #settled = (): void => {
    this.#unanswered--;
    this.#options.keepRunning.release();
  };
  /** What went wrong with the last server. */
  lastCause: Error | null = null;

  constructor(options: SessionOptions) {
    this.#options = options;
    this.#resume = options.resume;
    this.#servers = new ServerList(options.target);
    this.#connect();
  }

  get state(): SessionState {
    this.#checkExpiry();
    return this.#state;
  }

  /** 0 as long as there is none. */
  get id(): bigint {
    return this.#ticket.sessionId;
  }

  /** Null: there is no session now. */
  get ticket(): SessionTicket | null {
    this.#checkExpiry();
    return this.id === 0n ? null : this.#ticket;
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
    return id !== 0n && id === this.#ticket.sessionId;
  }

  /** For how long it certainly lives from now on, in milliseconds; 0: there is none. */
  get leftMs(): number {
    if (this.id === 0n) return 0;
    return Math.max(0, this.#deadlines.expiresAtMs - this.#options.clock.nowMs());
  }

  submit<Reply>(parts: RequestParts<Reply>): Promise<Reply> {
    const { requestsMax, requestTimeoutMs, clock } = this.#options;
    const nowMs = clock.nowMs();
    this.#checkExpiry(nowMs);
    if (this.fault !== null) return Promise.reject(faultAt(parts.path, this.fault));
    if (this.#unanswered >= requestsMax)
      return Promise.reject(new TooManyRequestsError(parts.path, requestsMax));
    this.#unanswered++;
    this.#options.keepRunning.hold();
    const request = new Request(parts, nowMs + requestTimeoutMs, this.#settled);
    this.#send(request as Request, nowMs);
    return request.promise;
  }

  /**
   * The persistent watches of a node have ended, which the server is told if there is one. It forgets all others of the node
   * with them, also those whose request is under way; so what is left of these is asked for anew, from now on.
   */
  async unwatch(path: string): Promise<void> {
    const link = this.#isReady ? this.#link : null;
    if (link === null) return;
    const sinceZxid = link.lastZxid;
    const request = unwatching(path);
    this.#send(request);
    await request.promise.catch(() => {});
    if (this.#link === link) link.arm(armRequests(this.watches, sinceZxid, path));
  }

  /** Ends the session, and with it all its ephemeral nodes, if a server can be told. What was asked before is answered. */
  close(): Promise<void> {
    this.#closing ??= this.#leave(closeSession);
    return this.#closing;
  }

  /** The same without a word of the end: the session goes on at the servers until its timeout. */
  detach(): Promise<void> {
    this.#closing ??= this.#leave(leaveSession);
    return this.#closing;
  }

  async #leave(finish: (link: SessionLink) => Promise<void>): Promise<void> {
    if (this.fault !== null) return;
    const link = this.#isReady ? this.#link : null;
    if (link !== null) this.#link = null;
    // Here it is over before the server is told: by then somebody else may have what it held.
    this.#end(new ClientClosedError());
    if (link !== null) await finish(link);
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
    const link: SessionLink = new SessionLink(
      {
        server: this.#servers.next(),
        tls,
        ticket: this.#shown,
        timeoutMs,
        lastZxid: this.#lastZxid,
        nowMs,
      },
      {
        greeted: (reply, sentMs) => this.#greeted(link, reply, sentMs),
        received: (provenMs, arrivedMs) => this.#received(link, provenMs, arrivedMs),
        notified: (type, path) => {
          if (this.#link === link) this.#options.notified(type, path);
        },
        unarmed: (error) => this.#unarmed(link, error),
        refused: (error) => {
          if (this.#link === link) this.#end(error);
        },
        closed: (cause) => this.#dropped(link, cause),
      },
      firstXid,
    );
    this.#link = link;
    this.#look();
  }

  /** What the next server is shown, or was on this connection. */
  get #shown(): SessionTicket {
    return this.id === 0n ? this.#resume : this.#ticket;
  }

  #received(link: SessionLink, provenMs: number | null, arrivedMs: number): void {
    if (this.#link !== link) return;
    this.#deadlines.received(arrivedMs);
    if (provenMs === null) return;
    this.#deadlines.answered(provenMs);
    // One that greets and then closes is none that was reached.
    this.#servers.reached(arrivedMs);
  }

  #greeted(link: SessionLink, { timeoutMs, ticket }: ConnectReply, sentMs: number): void {
    this.#checkExpiry();
    // The server was shown the ticket of a session that is lost by now.
    if (this.#link !== link) return;
    if (timeoutMs <= 0 && this.#shown.sessionId !== 0n) return this.#lose();
    if (timeoutMs <= 0 || ticket.sessionId === 0n)
      return link.fail(new MalformedReplyError('a session without a time to live, or a number'));
    this.#ticket = ticket;
    this.#deadlines.connected(timeoutMs, sentMs, this.#options.clock.nowMs());
    this.#checkExpiry();
    if (this.#link !== link) return;
    this.#isReady = true;
    for (const credentials of this.#options.auth) link.authenticate(credentials);
    link.arm(armRequests(this.watches, link.lastZxid));
    this.#prove();
    for (const request of this.#waiting.takeAll()) this.#send(request);
    this.#become('connected');
    this.watches.persistent.reconnected();
    this.#look();
  }

  /** Servers before 3.6 are asked in vain for persistent watches. Without these, the others can be had. */
  #unarmed(link: SessionLink, error: ZooKeeperError): void {
    if (this.#link !== link) return;
    this.watches.persistent.lose();
    link.fail(error);
  }

  #dropped(link: SessionLink, cause: Error | null): void {
    if (this.#link !== link) return failAll(link.destroy());
    if (cause !== null) this.lastCause = cause;
    const wasReady = this.#isReady;
    this.#unlink(cause);
    if (this.fault !== null) return;
    const { clock } = this.#options;
    this.#servers.lost(clock.nowMs());
    this.#endPause = clock.after(this.#servers.pauseMs(), () => this.#connect());
    if (wasReady) this.#become('suspended');
  }

  /** Nothing is known of what was under way: reads are made again, before all others, and the rest fails. */
  #unlink(cause: Error | null): void {
    const link = this.#link;
    if (link === null) return;
    this.#link = null;
    this.#isReady = false;
    this.#lastZxid = link.lastZxid;
    this.watches.persistent.disconnected();
    const nowMs = this.#options.clock.nowMs();
    // One that breaks every connection does so only for as long as it has time.
    const isRepeated = (request: Request): boolean => request.isRead && nowMs < request.timeoutAtMs;
    const unanswered = link.destroy();
    const waiting = this.#waiting.takeAll();
    for (const request of [...unanswered.filter(isRepeated), ...waiting]) this.#waiting.push(request);
    for (const request of unanswered) if (!isRepeated(request)) request.lose(cause);
  }

  #send(request: Request, nowMs = this.#options.clock.nowMs()): void {
    if (!this.#isReady) {
      this.#waiting.push(request);
      // Those behind it have as long a time.
      if (this.#waiting.length === 1) this.#lookLater(nowMs);
      return;
    }
    try {
      this.#link!.send(request, nowMs);
      if (request.isProof) this.#deadlines.sent(request.sentMs);
    } catch (error) {
      request.fail(error as ZooKeeperError);
    }
  }

  /** Asks the leader, by whom alone a session lives. */
  #prove(): void {
    this.#send(proof());
  }

  // ---- time -----------------------------------------------------------------------------------------------------

  #look(): void {
    if (this.fault !== null) return;
    this.#checkExpiry();
    const nowMs = this.#options.clock.nowMs();
    this.#giveUpWaiting(nowMs);
    if (this.#isReady) this.#checkConnection(nowMs);
    else if (this.#link !== null && nowMs >= this.#greetingEndsMs)
      this.#link.fail(new ZooKeeperError('ZOOKEEPER_SILENT', 'the server does not answer to the greeting'));
    this.#lookLater(nowMs);
  }

  #lookLater(nowMs: number): void {
    this.#endLook();
    const waitMs = Math.max(LOOK_MS_MIN, Math.min(this.#nextDueMs() - nowMs, LOOK_MS_MAX));
    this.#endLook = this.#options.clock.after(waitMs, () => this.#look());
  }

  #nextDueMs(): number {
    const dues = [this.#waiting.first()?.timeoutAtMs ?? Number.POSITIVE_INFINITY];
    if (this.#isReady) dues.push(this.#deadlines.proveAtMs, this.#deadlines.silentAtMs);
    else if (this.#link !== null) dues.push(this.#greetingEndsMs);
    if (this.id !== 0n) dues.push(this.#deadlines.expiresAtMs);
    return Math.min(...dues);
  }

  #checkConnection(nowMs: number): void {
    if (nowMs >= this.#deadlines.silentAtMs) {
      this.#link!.fail(new ZooKeeperError('ZOOKEEPER_SILENT', 'the server does not answer'));
    } else if (nowMs >= this.#deadlines.proveAtMs) this.#prove();
  }

  #giveUpWaiting(nowMs: number): void {
    for (let first = this.#waiting.first(); first !== null && first.timeoutAtMs <= nowMs; ) {
      this.#waiting.shift();
      first.fail(new RequestTimeoutError(first.path, this.#options.requestTimeoutMs));
      first = this.#waiting.first();
    }
  }

  #checkExpiry(nowMs = this.#options.clock.nowMs()): void {
    if (this.id === 0n || this.fault !== null) return;
    if (nowMs >= this.#deadlines.expiresAtMs) this.#lose();
  }

  /** The session is over. Its server may not know yet, so it is not come back to. */
  #lose(): void {
    this.#ticket = NO_SESSION;
    this.#resume = NO_SESSION;
    this.#endPause();
    this.#unlink(null);
    for (const request of this.#waiting.takeAll()) request.fail(new SessionExpiredError(request.path));
    this.#connect();
    this.#become('lost');
  }

  #end(fault: ZooKeeperError): void {
    if (this.fault !== null) return;
    this.fault = fault;
    this.#endLook();
    this.#endPause();
    this.#ticket = NO_SESSION;
    for (const request of [...(this.#link?.destroy() ?? []), ...this.#waiting.takeAll()])
      request.fail(faultAt(request.path, fault));
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

/** Why a node cannot be asked for any more. */
function faultAt(path: string, fault: ZooKeeperError): ZooKeeperError {
  return fault instanceof ClientClosedError ? new ClientClosedError(path) : fault;
}
