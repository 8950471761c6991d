import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import type { TlsOptions } from 'node:tls';
import fastify, { type FastifyInstance } from 'fastify';
import { Limits } from '../../base/limits.ts';
import { addressOf } from '../http-failures.ts';
import { ListenerReport } from '../listener-report.ts';
import { Listeners } from '../listeners.ts';
import type { Logger } from '../logger.ts';
import type { ArrivalCounts } from '../metrics/door-metrics.ts';
import { AdminConnections } from './admin-connections.ts';
import { AdminFailures } from './admin-failures.ts';
import type { AdminGuard } from './admin-guard.ts';
import type { AdminRoutes } from './admin-routes.ts';
import { SECURITY_HEADERS } from './security-headers.ts';

export interface AdminHttpOptions {
  readonly adminListenAddress: string;
  /** What gRPC is served with; null for plain text. */
  readonly tls: TlsOptions | null;
  readonly guard: AdminGuard;
  readonly routes: readonly AdminRoutes[];
  readonly arrivals: ArrivalCounts;
  readonly logger: Logger;
}

/**
 * The listener of metrics, health and dashboard: HTTP/1.1, over TLS when gRPC is. The guard decides on every request
 * before fastify sees it, so no route can be added in front of it.
 */
export class AdminHttp {
  readonly #app: FastifyInstance;
  readonly #listeners: Listeners;
  readonly #connections: AdminConnections;
  readonly #failures: AdminFailures;

  private constructor(
    app: FastifyInstance,
    listeners: Listeners,
    connections: AdminConnections,
    failures: AdminFailures,
  ) {
    this.#app = app;
    this.#listeners = listeners;
    this.#connections = connections;
    this.#failures = failures;
  }

  /**
   * Listens, and answers with the routes.
   *
   * @throws BindError, ListenAddressError
   */
  static async open(options: AdminHttpOptions): Promise<AdminHttp> {
    const { tls, guard, routes, arrivals, logger } = options;
    const app = await createApp(routes, logger);
    let listeners: Listeners | null = null;
    const failures = new AdminFailures(logger, () => listeners?.peerFailed());
    const answer = answerGuarded(app, guard, failures, logger);
    const connections = new AdminConnections(answer, failures, () => arrivals.turnedAway++);
    try {
      listeners = await Listeners.open(
        options.adminListenAddress,
        tls,
        new ListenerReport(logger, 'admin', arrivals),
        {
          accept: () => {},
          handshakeFailed: (address, reason) => failures.handshakeFailed(address, reason),
        },
        () => connections.createServer(tls),
      );
      return new AdminHttp(app, listeners, connections, failures);
    } catch (error) {
      await app.close();
      throw error;
    }
  }

  /** `host:port` of each address that it listens at. */
  get addresses(): readonly string[] {
    return this.#listeners.addresses;
  }

  /** How many connections are open. */
  get connections(): number {
    return this.#connections.size;
  }

  /** Accepts nothing more and ends all connections, also those whose answer goes on. */
  async close(): Promise<void> {
    this.#listeners.close();
    await this.#app.close();
    this.#connections.destroy();
    this.#failures.close();
  }
}

async function createApp(routes: readonly AdminRoutes[], logger: Logger): Promise<FastifyInstance> {
  const app = fastify({
    bodyLimit: Limits.adminBodyBytesMax,
    routerOptions: { maxParamLength: Limits.adminHeadBytesMax },
  });
  app.setNotFoundHandler((_request, reply) =>
    reply.code(404).send({ code: 'LDLM_ADMIN_NOT_FOUND', message: 'nothing is here' }),
  );
  app.setErrorHandler((error: Error & { statusCode?: number; code?: string }, request, reply) => {
    const status = error.statusCode ?? 500;
    if (status >= 500) logger.error({ path: request.url, error: error.stack }, 'an admin request failed');
    const message = status >= 500 ? 'the request failed' : error.message;
    return reply.code(status).send({ code: error.code ?? 'LDLM_ADMIN_REQUEST', message });
  });
  for (const add of routes) add(app);
  await app.ready();
  return app;
}

/** Answers with the routes whom the guard lets in. */
function answerGuarded(
  app: FastifyInstance,
  guard: AdminGuard,
  failures: AdminFailures,
  logger: Logger,
): RequestListener {
  return (request: IncomingMessage, response: ServerResponse) => {
    response.setHeaders(SECURITY_HEADERS);
    const refusal = guard.refuse(request);
    const { method, url } = request;
    const address = addressOf(request.socket);
    if (refusal === null) {
      logger.debug({ method, path: url, remote_address: address }, 'Handling admin request');
      return app.routing(request, response);
    }
    const { status, code, message } = refusal;
    if (status === 401) {
      response.setHeader('www-authenticate', 'Basic realm="ldlm", charset="UTF-8"');
      failures.passwordRefused(address, message);
    }
    logger.debug({ code, path: url, remote_address: address }, message);
    endWith(response, status, code, message);
  };
}

function endWith(response: ServerResponse, status: number, code: string, message: string): void {
  // The rest of the request is not waited for.
  response.writeHead(status, { 'content-type': 'application/json; charset=utf-8', connection: 'close' });
  response.end(JSON.stringify({ code, message }));
}
