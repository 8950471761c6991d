import { randomUUID } from 'node:crypto';
import { Limits } from '../base/limits.ts';
import type { SessionInfo } from '../contract/lock-info.ts';
import type { DebugAttributes } from '../shard/debug-lines.ts';
import { LimitedLines } from './limited-lines.ts';
import type { Logger } from './logger.ts';

type Protocol = 'grpc' | 'rest';

const STARTED = 'Session started';
const ENDED = 'Session ended';

/** A session that is known, and what its log lines carry. */
class Session implements SessionInfo {
  readonly sessionId = flat(randomUUID());
  readonly address: string;
  readonly protocol: Protocol;
  readonly #extra: Readonly<Record<string, string>> | undefined;
  hasEnded = false;

  constructor(protocol: Protocol, address: string, extra: Readonly<Record<string, string>> | undefined) {
    this.protocol = protocol;
    this.address = flat(address);
    this.#extra = extra;
  }

  get attributes(): Readonly<Record<string, string>> {
    return { session_id: this.sessionId, remote_address: this.address, ...this.#extra };
  }
}

/**
 * The same text in one piece. A text that was put together of pieces keeps all of them, which for an id that is made of
 * two digits at a time is ten times its length, for as long as the session lives.
 */
function flat(text: string): string {
  return Buffer.from(text).toString();
}

/**
 * All sessions, whatever they came in by, under the numbers by which the engine knows them. It logs their lives under
 * the names and attributes that LDLM uses, and at debug level what shards tell of their requests. A session of gRPC takes
 * a connection, one of REST a request: their lines are limited.
 */
export class SessionDirectory {
  readonly #logger: Logger;
  readonly #restStarted: LimitedLines;
  readonly #restEnded: LimitedLines;
  readonly #sessions = new Map<number, Session>();
  readonly #ended: number[] = [];
  readonly #open: Record<Protocol, number> = { grpc: 0, rest: 0 };
  readonly #begun: Record<Protocol, number> = { grpc: 0, rest: 0 };
  #next = 1;

  constructor(logger: Logger) {
    this.#logger = logger;
    this.#restStarted = new LimitedLines(logger, 'info', STARTED);
    this.#restEnded = new LimitedLines(logger, 'info', ENDED);
  }

  /** How many sessions are open. */
  count(protocol: Protocol): number {
    return this.#open[protocol];
  }

  /** How many sessions have begun since the start. */
  begun(protocol: Protocol): number {
    return this.#begun[protocol];
  }

  /**
   * Begins a session. The number is never used again.
   *
   * @param address `host:port` of the client
   * @param extra more attributes of its log lines
   */
  begin(protocol: Protocol, address: string, extra?: Readonly<Record<string, string>>): number {
    const number = this.#next++;
    const session = new Session(protocol, address, extra);
    this.#sessions.set(number, session);
    this.#open[protocol]++;
    this.#begun[protocol]++;
    if (protocol === 'rest') this.#restStarted.write(session.attributes);
    else this.#logger.info(session.attributes, STARTED);
    return number;
  }

  end(number: number): void {
    const session = this.#sessions.get(number);
    if (session === undefined || session.hasEnded) return;
    session.hasEnded = true;
    this.#open[session.protocol]--;
    if (session.protocol === 'rest') this.#restEnded.write(session.attributes);
    else this.#logger.info(session.attributes, ENDED);
    // A shard tells what it has cleared away after a session has ended.
    this.#ended.push(number);
    if (this.#ended.length > Limits.endedSessionsLoggedMax) this.#sessions.delete(this.#ended.shift()!);
  }

  /** The session of this number, while it is open and for a while after; null when it is unknown. */
  find(number: number): SessionInfo | null {
    return this.#sessions.get(number) ?? null;
  }

  /** Tells of the sessions that were only counted. */
  close(): void {
    this.#restStarted.close();
    this.#restEnded.close();
  }

  /** A shard's line; the session's attributes, when known, stand before its own. */
  debug(number: number, message: string, attributes: DebugAttributes): void {
    this.#logger.debug({ ...this.#sessions.get(number)?.attributes, ...attributes }, message);
  }

  /** The same for what the operator should know. */
  warn(number: number, message: string, attributes: DebugAttributes): void {
    this.#logger.warn({ ...this.#sessions.get(number)?.attributes, ...attributes }, message);
  }
}

/** The address of a peer as logs and listings show it. */
export function peerAddress(host: string | undefined, port: number | undefined): string {
  const shown = host?.includes(':') ? `[${host}]` : (host ?? '');
  return `${shown}:${port ?? 0}`;
}
