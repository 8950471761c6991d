import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { Socket } from 'node:net';
import type { TlsOptions } from 'node:tls';
import fastify, { type FastifyInstance } from 'fastify';
import { Limits } from '../../base/limits.ts';
import type { ServerOptions } from '../../config/server-options.ts';
import { LimitedLines } from '../limited-lines.ts';
import { boundAddress, listenEverywhere } from '../listeners.ts';
import type { Logger } from '../logger.ts';
import { peerAddress } from '../session-directory.ts';
import type { AdminGuard } from './admin-guard.ts';
import type { AdminRoutes } from './admin-routes.ts';
import { SECURITY_HEADERS } from './security-headers.ts';

/** Below what load balancers wait before they use a connection again, and above the interval of most scrapers. */
const KEEP_ALIVE_MS = 65_000;
/** How often connections are looked at that take too long. */
const CHECK_MS = 2_000;

/**
 * The listener of metrics, health and dashboard: HTTP/1.1, over TLS when gRPC is. The guard decides on every request
 * before fastify sees it, so no route can be added in front of it.
 */
export class AdminHttp {
  /** `host:port` of each address that it listens at. */
  readonly addresses: readonly string[];
  readonly #app: FastifyInstance;
  readonly #servers: readonly Server[];
  readonly #sockets: ReadonlySet<Socket>;
  readonly #passwords: LimitedLines;

  private constructor(
    app: FastifyInstance,
    servers: readonly Server[],
    sockets: ReadonlySet<Socket>,
    passwords: LimitedLines,
  ) {
    this.#app = app;
    this.#servers = servers;
    this.#sockets = sockets;
    this.#passwords = passwords;
    this.addresses = servers.map(boundAddress);
  }

  /**
   * Listens, and answers with the routes.
   *
   * @param tls what gRPC is served with; null for plain text
   * @throws BindError, ListenAddressError
   */
  static async open(
    { adminListenAddress }: Pick<ServerOptions, 'adminListenAddress'>,
    tls: TlsOptions | null,
    guard: AdminGuard,
    routes: readonly AdminRoutes[],
    logger: Logger,
  ): Promise<AdminHttp> {
    const app = await createApp(routes, logger);
    const sockets = new Set<Socket>();
    // Whoever gets in here releases every lock, so tries are told of as those of clients are.
    const passwords = new LimitedLines(logger, 'warn', 'admin authentication failed');
    const answer = (request: IncomingMessage, response: ServerResponse): void => {
      response.setHeaders(SECURITY_HEADERS);
      const refusal = guard.refuse(request);
      if (refusal === null) return app.routing(request, response);
      const { status, code, message } = refusal;
      const address = peerAddress(request.socket.remoteAddress, request.socket.remotePort);
      if (status === 401) {
        response.setHeader('www-authenticate', 'Basic realm="ldlm", charset="UTF-8"');
        passwords.write({ remote_address: address, reason: message });
      }
      logger.debug({ code, path: request.url, remote_address: address }, message);
      endWith(response, status, code, message);
    };
    try {
      const servers = await listenEverywhere(adminListenAddress, () => create(tls, answer, sockets));
      // Only now: who cannot listen at all is told so by the error above.
      for (const server of servers) {
        server.on('error', (error: Error) =>
          logger.error({ error: error.message }, 'cannot accept admin connections'),
        );
      }
      return new AdminHttp(app, servers, sockets, passwords);
    } catch (error) {
      await app.close();
      throw error;
    }
  }

  /** How many connections are open. */
  get connections(): number {
    return this.#sockets.size;
  }

  /** Accepts nothing more and ends all connections, also those whose answer goes on. */
  async close(): Promise<void> {
    for (const server of this.#servers) server.close();
    await this.#app.close();
    for (const socket of this.#sockets) socket.destroy();
    this.#passwords.close();
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

function create(
  tls: TlsOptions | null,
  answer: (request: IncomingMessage, response: ServerResponse) => void,
  sockets: Set<Socket>,
): Server {
  const options = {
    noDelay: true,
    maxHeaderSize: Limits.adminHeadBytesMax,
    headersTimeout: Limits.adminHeadMsMax,
    requestTimeout: Limits.adminRequestMsMax,
    keepAliveTimeout: KEEP_ALIVE_MS,
    connectionsCheckingInterval: CHECK_MS,
  };
  const server =
    tls === null
      ? createServer(options, answer)
      : createTlsServer(
          { ...options, ...tls, ALPNProtocols: ['http/1.1'], handshakeTimeout: Limits.handshakeMsMax },
          answer,
        );
  server.on('connection', (socket: Socket) => {
    if (sockets.size >= Limits.adminConnectionsMax) return void socket.destroy();
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  server.on('clientError', answerBadRequest);
  return server;
}

/** What is no HTTP, too long or too slow has no request to be answered, but a socket. */
function answerBadRequest(error: Error & { code?: string }, socket: Socket): void {
  if (!socket.writable || error.code === 'ECONNRESET') return void socket.destroy();
  const status = BAD_REQUESTS.get(error.code ?? '') ?? '400 Bad Request';
  const headers = [...SECURITY_HEADERS].map(([name, value]) => `${name}: ${value}\r\n`).join('');
  socket.end(`HTTP/1.1 ${status}\r\n${headers}connection: close\r\ncontent-length: 0\r\n\r\n`);
  // A peer that goes on sending does not keep the connection.
  socket.once('finish', () => socket.destroy());
}

const BAD_REQUESTS: ReadonlyMap<string, string> = new Map([
  ['HPE_HEADER_OVERFLOW', '431 Request Header Fields Too Large'],
  ['ERR_HTTP_REQUEST_TIMEOUT', '408 Request Timeout'],
]);

function endWith(response: ServerResponse, status: number, code: string, message: string): void {
  // The rest of the request is not waited for.
  response.writeHead(status, { 'content-type': 'application/json; charset=utf-8', connection: 'close' });
  response.end(JSON.stringify({ code, message }));
}
