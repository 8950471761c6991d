import { randomBytes } from 'node:crypto';
import { Limits } from '../../base/limits.ts';
import type { Engine } from '../../engine/engine.ts';
import { LimitedLines } from '../limited-lines.ts';
import type { Logger } from '../logger.ts';
import { peerAddress, type SessionDirectory } from '../session-directory.ts';
import type { RestCall } from './rest-call.ts';
import { IdleSessions, RestSession } from './rest-session.ts';

export interface RestSessionsOptions {
  readonly engine: Engine;
  readonly directory: SessionDirectory;
  readonly logger: Logger;
  /** After how long without a request a session ends. */
  readonly timeoutMs: number;
  readonly nowMs: () => number;
  /** A session has ended with these requests in progress. */
  readonly interrupted: (calls: Iterable<RestCall>) => void;
}

/**
 * The sessions of REST clients. A session has no connection: it ends when its client says so, or has not asked for
 * anything for a while. One timer serves them all.
 */
export class RestSessions {
  readonly #options: RestSessionsOptions;
  readonly #byId = new Map<string, RestSession>();
  readonly #idle = new IdleSessions();
  readonly #timeouts: LimitedLines;
  #timer: NodeJS.Timeout | null = null;
  #closed = false;

  constructor(options: RestSessionsOptions) {
    this.#options = options;
    this.#timeouts = new LimitedLines(options.logger, 'info', 'REST session timeout');
  }

  get size(): number {
    return this.#byId.size;
  }

  /** Begins a session for the client at this IP address; null when there are too many. */
  begin(ip: string): RestSession | null {
    if (this.#byId.size >= Limits.restSessionsMax) return null;
    const id = randomBytes(16).toString('hex');
    const { directory, nowMs } = this.#options;
    const session = new RestSession(
      id,
      directory.begin('rest', peerAddress(ip, 0), { rest_session_id: shownId(id) }),
      nowMs(),
    );
    this.#byId.set(id, session);
    this.#rest(session);
    return session;
  }

  find(id: string): RestSession | null {
    return this.#byId.get(id) ?? null;
  }

  /** The session is used now: its time begins anew. */
  touch(session: RestSession): void {
    session.usedMs = this.#options.nowMs();
    if (session.calls.size > 0) return;
    this.#idle.remove(session);
    this.#rest(session);
  }

  /** A request of the session is in progress from now on. */
  enter(session: RestSession, call: RestCall): void {
    if (session.calls.size === 0) this.#idle.remove(session);
    session.calls.add(call);
  }

  /** It no longer is. */
  leave(session: RestSession, call: RestCall): void {
    if (!session.calls.delete(call) || session.calls.size > 0 || session.ended) return;
    session.usedMs = this.#options.nowMs();
    this.#rest(session);
  }

  /** Ends a session: its locks are released. */
  end(session: RestSession): void {
    if (session.ended) return;
    session.ended = true;
    this.#byId.delete(session.id);
    this.#idle.remove(session);
    const { engine, directory, interrupted } = this.#options;
    if (session.shardMask !== 0) {
      engine.endSession(session.number, session.shardMask);
      engine.flush();
    }
    directory.end(session.number);
    if (session.calls.size > 0) interrupted([...session.calls]);
  }

  /** The same for those of these numbers: their locks are gone already. */
  endNumbers(numbers: ReadonlySet<number>): void {
    for (const session of [...this.#byId.values()]) if (numbers.has(session.number)) this.end(session);
  }

  /** No session expires any more. */
  close(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    this.#closed = true;
    this.#timeouts.close();
  }

  #rest(session: RestSession): void {
    this.#idle.add(session);
    if (this.#timer === null && !this.#closed) this.#wait(this.#options.timeoutMs);
  }

  #wait(ms: number): void {
    // A timer may fire a moment before its time.
    this.#timer = setTimeout(() => this.#expire(), Math.ceil(ms) + 1);
    this.#timer.unref();
  }

  /** Ends those whose time is over, and waits for the next one, whose time may begin anew meanwhile. */
  #expire(): void {
    this.#timer = null;
    const { timeoutMs, nowMs } = this.#options;
    const now = nowMs();
    let first = this.#idle.first;
    while (first !== null && now - first.usedMs >= timeoutMs) {
      this.#logExpiry(first, now - first.usedMs);
      this.end(first);
      first = this.#idle.first;
    }
    if (first !== null) this.#wait(first.usedMs + timeoutMs - now);
  }

  #logExpiry(session: RestSession, idleMs: number): void {
    const info = this.#options.directory.find(session.number);
    this.#timeouts.write({
      session_id: info?.sessionId,
      remote_address: info?.address,
      rest_session_id: shownId(session.id),
      idle: Math.round(idleMs * 1e6),
    });
  }
}

/** Who has the whole id has the session: logs show as much of it as of a key. */
function shownId(id: string): string {
  return id.slice(0, SHOWN_CHARACTERS);
}

const SHOWN_CHARACTERS = 8;
