import type { SessionState, WatchEvent } from '../../../src/zookeeper/nodes.ts';
import { SessionDeadlines } from '../../../src/zookeeper/session/session-deadlines.ts';
import { WatchRegistry } from '../../../src/zookeeper/session/watch-registry.ts';
import {
  ClientClosedError,
  ConnectionLossError,
  SessionExpiredError,
} from '../../../src/zookeeper/zookeeper-error.ts';
import { ClientClock } from './client-clock.ts';
import type { ModelEnsemble } from './model-ensemble.ts';
import { type LinkEnd, ModelLink } from './model-link.ts';
import { PendingRequests, type Request, type RequestKind } from './pending-requests.ts';

export interface ModelSessionOptions {
  /** Default: 1000. */
  readonly sessionTimeoutMs?: number;
  /** Default: infinity. */
  readonly requestTimeoutMs?: number;
  /** A session to go on with, if it lives. Default: 0, none. */
  readonly resume?: bigint;
  /** Where a request cuts the connection that it is sent on. Default: nowhere. */
  readonly cutOf?: (isWrite: boolean) => 'nowhere' | 'before' | 'after';
}

/** How long a server may take to answer what was asked before the session was left. */
const DETACH_MS_MAX = 2_000;

/** The session of a client over one connection at a time, with the client's own idea of whether it lives. */
export class ModelSession implements LinkEnd {
  readonly clock: ClientClock;
  /** How many sessions were lost. */
  losses = 0;
  link: ModelLink | null = null;
  #state: SessionState = 'connecting';
  #sessionId = 0n;
  #isEstablished = false;
  #connectBeganMs = 0;
  #seenZxid = 0n;
  #unreachableUntilMs = 0;
  /** Ends the wait for what was asked before the session was left. */
  #endLeaving = (): void => {};
  readonly #ensemble: ModelEnsemble;
  readonly #timeoutMs: number;
  #resume: bigint;
  readonly #cutOf: NonNullable<ModelSessionOptions['cutOf']>;
  readonly #deadlines = new SessionDeadlines();
  readonly watches = new WatchRegistry();
  readonly #pending: PendingRequests;
  readonly #listeners = new Set<(state: SessionState) => void>();

  constructor(ensemble: ModelEnsemble, options: ModelSessionOptions = {}) {
    this.#ensemble = ensemble;
    this.clock = new ClientClock(ensemble.time, ensemble.random(1_000_000));
    this.#timeoutMs = options.sessionTimeoutMs ?? 1000;
    this.#resume = options.resume ?? 0n;
    this.#cutOf = options.cutOf ?? (() => 'nowhere');
    this.#pending = new PendingRequests(options.requestTimeoutMs ?? Number.POSITIVE_INFINITY);
    this.#connect();
    this.#look();
  }

  get state(): SessionState {
    this.#checkExpiry();
    return this.#state;
  }

  get sessionId(): bigint {
    return this.#sessionId;
  }

  /** Whether nothing is under way, nor can be before somebody asks for it. */
  get isIdle(): boolean {
    return this.#state === 'closed' || (this.#state === 'connected' && this.#pending.isEmpty);
  }

  get sessionLeftMs(): number {
    return this.#sessionId === 0n ? 0 : Math.max(0, this.#deadlines.expiresAtMs - this.clock.nowMs());
  }

  isSessionAlive(sessionId: bigint): boolean {
    this.#checkExpiry();
    return sessionId !== 0n && sessionId === this.#sessionId && this.#state !== 'closed';
  }

  /** As the client does it: who looks at a session that is over loses it, so that it never comes back to life. */
  #checkExpiry(): void {
    if (this.#sessionId === 0n || this.#state === 'closed') return;
    if (this.clock.nowMs() >= this.#deadlines.expiresAtMs) this.#lose();
  }

  onState(listener: (state: SessionState) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** The server ends the session when it hears of that; if it does not, when it has not heard of it for long enough. */
  close(): void {
    if (this.#state === 'closed') return;
    const { link, sessionId } = this;
    if (this.#isEstablished) link?.leave(sessionId);
    else link?.close();
    this.link = null;
    this.#state = 'closed';
    this.#pending.failAll((path) => new ClientClosedError(path));
    this.watches.loseAll((path) => path);
    this.#tellState();
  }

  /** Leaves the session to a successor. What was sent is answered, or not. @returns 0 when there is none */
  detach(): Promise<bigint> {
    const { state, sessionId } = this;
    const link = this.#isEstablished ? this.link : null;
    if (state === 'closed') return Promise.resolve(0n);
    if (link === null) this.link?.close();
    this.link = null;
    this.#state = 'closed';
    this.#pending.failUnsent((path) => new ClientClosedError(path));
    this.watches.loseAll((path) => path);
    this.#tellState();
    return new Promise((resolve) => {
      const end = (): void => {
        this.#endLeaving = () => {};
        link?.close();
        this.#pending.failAll((path) => new ClientClosedError(path));
        resolve(sessionId);
      };
      if (link === null) return end();
      this.#endLeaving = end;
      link.ask(sessionId, 'leader', () => {}, end);
      this.clock.after(DETACH_MS_MAX, end);
    });
  }

  /** No server can be reached for so long. */
  isolate(durationMs: number): void {
    this.#unreachableUntilMs = this.#ensemble.time.nowMs + durationMs;
  }

  onCut(link: ModelLink): void {
    if (link === this.link) this.#disconnect();
    else if (this.#state === 'closed') this.#endLeaving();
  }

  onEvent(event: WatchEvent): void {
    this.#deadlines.received(this.clock.nowMs());
    this.watches.fire(event.path, event);
  }

  /**
   * @param kind a server reads by itself; what it syncs or writes, it asks its leader for
   * @param answered is called with the answer, before who asked goes on
   */
  request<T>(
    path: string,
    kind: RequestKind,
    perform: (link: ModelLink) => T,
    answered: (value: T) => void = () => {},
  ): Promise<T> {
    if (this.#state === 'closed') return Promise.reject(new ClientClosedError(path));
    return new Promise((resolve, fail) => {
      const succeed = (value: unknown) => {
        answered(value as T);
        resolve(value as T);
      };
      const madeMs = this.clock.nowMs();
      this.#pending.add({ path, kind, perform, succeed, fail, madeMs, isSent: false });
      if (this.#pending.timeoutMs < Number.POSITIVE_INFINITY)
        this.clock.after(this.#pending.timeoutMs, () => this.#pending.failOverdue(this.clock.nowMs()));
      this.#sendPending();
    });
  }

  #sendPending(): void {
    if (this.#isEstablished) for (const request of this.#pending.unsent()) this.#send(request);
  }

  #send(request: Request): void {
    const cut = this.#cutOf(request.kind === 'write');
    request.isSent = true;
    this.#ask(
      request.kind === 'read' ? 'server' : 'leader',
      (link) => {
        if (cut === 'before') return link.cut();
        const value = request.perform(link);
        if (cut === 'after') link.cut();
        return value;
      },
      (value, error) => {
        if (!this.#pending.remove(request)) return;
        if (error === null) request.succeed(value);
        else request.fail(error);
      },
    );
  }

  /** Sends what the server does, and is called with what came of it. What only the server knows of proves nothing. */
  #ask(
    by: 'server' | 'leader',
    perform: (link: ModelLink) => unknown,
    answer: (value: unknown, error: unknown) => void,
  ): void {
    const link = this.link!;
    const sentMs = this.clock.nowMs();
    if (by === 'leader') this.#deadlines.sent(sentMs);
    link.ask(
      this.#sessionId,
      by,
      () => perform(link),
      (value, error, zxid) => {
        this.#deadlines.received(this.clock.nowMs());
        if (by === 'leader') this.#deadlines.answered(sentMs);
        if (zxid > this.#seenZxid) this.#seenZxid = zxid;
        answer(value, error);
      },
    );
  }

  /**
   * Asks the leader, by whom alone a session lives. That this brings the server up to date, too, counts only where somebody goes
   * on with a session: what follows must not need it otherwise.
   */
  #prove(isResumed = false): void {
    this.#ask(
      'leader',
      (link) => isResumed && link.replica.catchUp(),
      () => {},
    );
  }

  #connect(): void {
    if (this.#state === 'closed' || this.link !== null) return;
    const { time } = this.#ensemble;
    if (time.nowMs < this.#unreachableUntilMs) {
      this.clock.after(this.#unreachableUntilMs - time.nowMs, () => this.#connect());
      return;
    }
    const link = new ModelLink(this.#ensemble, this.clock, this);
    this.link = link;
    const sentMs = this.clock.nowMs();
    this.#connectBeganMs = sentMs;
    link.join(
      this.#sessionId === 0n ? this.#resume : this.#sessionId,
      this.#timeoutMs,
      this.#seenZxid,
      (sessionId) => {
        if (sessionId === 0n) this.#lose();
        else this.#establish(link, sessionId, sentMs);
      },
    );
  }

  #establish(link: ModelLink, sessionId: bigint, sentMs: number): void {
    const seenZxid = this.#seenZxid;
    this.#deadlines.connected(this.#timeoutMs, sentMs, this.clock.nowMs());
    this.#sessionId = sessionId;
    this.#isEstablished = true;
    if (!this.watches.isEmpty) {
      const kinds = ['data', 'exists', 'children'] as const;
      const [data = [], exists = [], children = []] = kinds.map((kind) => this.watches.paths(kind));
      const recursive = this.watches.paths('persistentRecursive');
      this.#ask(
        'server',
        () => link.replica.rearm({ data, exists, children, recursive }, seenZxid, link),
        () => {},
      );
    }
    this.#prove(sessionId === this.#resume);
    this.#resume = 0n;
    this.#state = 'connected';
    this.#sendPending();
    this.#tellState();
    this.watches.persistent.reconnected();
  }

  #disconnect(): void {
    this.link?.close();
    this.link = null;
    this.#isEstablished = false;
    this.watches.persistent.disconnected();
    this.#pending.disconnect((path) => new ConnectionLossError(path));
    this.clock.after(this.#ensemble.latencyMs() * (1 + this.#ensemble.random(8)), () => this.#connect());
    if (this.#state !== 'connected') return;
    this.#state = 'suspended';
    this.#tellState();
  }

  #lose(): void {
    this.link?.close();
    this.link = null;
    this.#isEstablished = false;
    this.#sessionId = 0n;
    this.#resume = 0n;
    this.losses++;
    this.#state = 'lost';
    this.#pending.disconnect((path) => new ConnectionLossError(path));
    this.#pending.failAll((path) => new SessionExpiredError(path));
    this.watches.loseAll((path) => path);
    this.#tellState();
    this.#connect();
  }

  /** Looks at what is due, and again when the next is: pings, and what was not answered for too long. */
  #look(): void {
    if (this.#state === 'closed') return;
    const nowMs = this.clock.nowMs();
    const silenceMs = (this.#timeoutMs * 2) / 3;
    if (this.#sessionId !== 0n && nowMs >= this.#deadlines.expiresAtMs) this.#lose();
    else if (this.link !== null) {
      const silentAtMs = this.#isEstablished ? this.#deadlines.silentAtMs : this.#connectBeganMs + silenceMs;
      if (nowMs >= silentAtMs) this.#disconnect();
      else if (this.#isEstablished && nowMs >= this.#deadlines.proveAtMs) this.#prove();
    }
    const dues = [nowMs + silenceMs / 2];
    if (this.#sessionId !== 0n) dues.push(this.#deadlines.expiresAtMs);
    if (this.#isEstablished) dues.push(this.#deadlines.silentAtMs, this.#deadlines.proveAtMs);
    this.clock.after(Math.max(0.001, Math.min(...dues) - nowMs), () => this.#look());
  }

  #tellState(): void {
    const state = this.#state;
    for (const listener of [...this.#listeners]) listener(state);
  }
}
