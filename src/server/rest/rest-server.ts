import type { TlsOptions } from 'node:tls';
import { Limits } from '../../base/limits.ts';
import type { ServerOptions } from '../../config/server-options.ts';
import { GrpcStatus } from '../../contract/grpc-status.ts';
import type { Engine } from '../../engine/engine.ts';
import type { MessageReplies } from '../engine-listener.ts';
import { addressOf } from '../http-failures.ts';
import type { Inspector } from '../inspection/inspector.ts';
import { ListenerReport } from '../listener-report.ts';
import { Listeners } from '../listeners.ts';
import type { Logger } from '../logger.ts';
import type { ArrivalCounts } from '../metrics/door-metrics.ts';
import type { SessionDirectory } from '../session-directory.ts';
import { basicAuthCheck } from './basic-auth.ts';
import { BodyReader } from './body-reader.ts';
import { refuseClear } from './broken-request.ts';
import { LockListing } from './lock-listing.ts';
import { OriginGuard } from './origin-guard.ts';
import { DEAD_COOKIE, RestApi } from './rest-api.ts';
import { createRestApp } from './rest-app.ts';
import { RestCalls } from './rest-calls.ts';
import { type RequestHandler, RestConnections } from './rest-connections.ts';
import { RestFailures } from './rest-failures.ts';
import { RestSessions } from './rest-sessions.ts';
import { SessionCookies } from './session-cookie.ts';

export interface RestServerOptions {
  readonly engine: Engine;
  readonly directory: SessionDirectory;
  readonly options: ServerOptions;
  readonly logger: Logger;
  readonly tls: TlsOptions | null;
  readonly nowMs: () => number;
  /** Lists locks for administrators; null where that is not switched on. */
  readonly inspector: Inspector | null;
  readonly arrivals: ArrivalCounts;
}

const TOO_LARGE = `the body of the request is longer than ${Limits.restBodyBytesMax} bytes`;
const SWEEP_MS = 1_000;

/** The REST front end, put together. */
export class RestServer {
  readonly #api: RestApi;
  readonly #calls: RestCalls;
  readonly #sessions: RestSessions;
  readonly #options: RestServerOptions;
  readonly #guard: OriginGuard;
  readonly #failures: RestFailures;
  #connections: RestConnections | null = null;
  #listeners: Listeners | null = null;
  #timer: NodeJS.Timeout | undefined;

  /** @throws ConfigError for host names that cannot be any */
  constructor(options: RestServerOptions) {
    this.#options = options;
    this.#guard = new OriginGuard(options.options);
    const { engine, directory, logger, nowMs } = options;
    this.#failures = new RestFailures(logger, () => this.#listeners?.peerFailed());
    this.#calls = new RestCalls({
      engine,
      nowMs,
      sessions: () => this.#sessions,
      answer: (response, status, body, session, closing) =>
        this.#api.answer(response, status, body, session, closing),
      cutOff: (request, reason) => this.#failures.cutOff(addressOf(request.socket), reason),
    });
    this.#sessions = new RestSessions({
      ...{ engine, directory, logger, nowMs },
      timeoutMs: options.options.restSessionTimeoutMs,
      interrupted: (calls) => this.#calls.interrupt(calls, 401, DEAD_COOKIE),
    });
    const bodies = new BodyReader({
      received: (call, body) => this.#calls.received(call, body),
      tooLarge: (call) => this.#calls.refuse(call, GrpcStatus.InvalidArgument, TOO_LARGE, 413),
      noRoom: (call) => this.#calls.refuse(call, GrpcStatus.ResourceExhausted, 'too many half-sent requests'),
    });
    this.#api = new RestApi({
      sessions: this.#sessions,
      calls: this.#calls,
      bodies,
      cookies: new SessionCookies(options.options.restSessionTimeoutMs, options.tls !== null),
      authorized: basicAuthCheck(options.options.password),
      refused: (address) => this.#failures.passwordRefused(address),
      nowMs,
      certainMs: () => engine.certainMs,
    });
  }

  get replies(): MessageReplies {
    return this.#calls;
  }

  /** How many connections are open. */
  get connections(): number {
    return this.#connections?.size ?? 0;
  }

  get addresses(): readonly string[] {
    return this.#listeners?.addresses ?? [];
  }

  /** @throws BindError, ListenAddressError */
  async listen(): Promise<void> {
    const { options, tls, logger } = this.#options;
    const { inspector, nowMs } = this.#options;
    const app = await createRestApp({
      api: this.#api,
      listing: inspector === null ? null : new LockListing(inspector, this.#api, nowMs),
      password: options.password !== '',
    });
    const { routing } = app as unknown as { routing: RequestHandler };
    const connections = new RestConnections(
      (request, response) => {
        const refusal = this.#guard.refuse(request);
        if (refusal === null) routing(request, response);
        else this.#api.refuse(response, GrpcStatus.PermissionDenied, 403, refusal, null);
      },
      options.keepaliveIntervalMs,
      nowMs,
      this.#failures,
    );
    this.#connections = connections;
    this.#listeners = await Listeners.open(
      options.restListenAddress,
      tls,
      new ListenerReport(logger, 'REST', this.#options.arrivals),
      {
        accept: () => {},
        spokenInClear: refuseClear,
        handshakeFailed: (address, reason) => this.#failures.handshakeFailed(address, reason),
      },
      () => connections.createServer(tls),
    );
    this.#timer = setInterval(() => {
      connections.sweep();
      this.#calls.sweep();
    }, SWEEP_MS);
    this.#timer.unref();
  }

  /** Accepts nothing more; what is in progress goes on. */
  stop(): void {
    this.#api.closing = true;
    this.#calls.explain('the server is shutting down');
    this.#listeners?.close();
    this.#sessions.close();
  }

  /** Resolves when all connections are closed, which have nothing more to do than what is in progress. */
  drain(): Promise<void> {
    return this.#connections?.drain() ?? Promise.resolve();
  }

  /** Ends these sessions, of those that are REST's. */
  endSessions(numbers: ReadonlySet<number>): void {
    this.#sessions.endNumbers(numbers);
  }

  failAll(text: string): void {
    this.#api.closing = true;
    this.#calls.failAll(text);
  }

  destroy(): void {
    clearInterval(this.#timer);
    this.#listeners?.close();
    this.#sessions.close();
    this.#failures.close();
    this.#connections?.destroy();
  }
}
