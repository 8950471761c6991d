import { createServer, type RequestListener, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { Socket } from 'node:net';
import type { TlsOptions } from 'node:tls';
import { Limits } from '../../base/limits.ts';
import type { RequestError } from '../broken-request.ts';
import { addressOf } from '../http-failures.ts';
import type { AdminFailures } from './admin-failures.ts';
import { refuseRequest } from './broken-request.ts';

/** Below what load balancers wait before they use a connection again, and above the interval of most scrapers. */
const KEEP_ALIVE_MS = 65_000;
/** How often connections are looked at that take too long. */
const CHECK_MS = 2_000;

const httpOptions = {
  noDelay: true,
  maxHeaderSize: Limits.adminHeadBytesMax,
  headersTimeout: Limits.adminHeadMsMax,
  requestTimeout: Limits.adminRequestMsMax,
  keepAliveTimeout: KEEP_ALIVE_MS,
  connectionsCheckingInterval: CHECK_MS,
};

/** The sockets of the admin listener's clients, over all of its addresses, and the servers that read requests from them. */
export class AdminConnections {
  readonly #handler: RequestListener;
  readonly #failures: AdminFailures;
  readonly #turnedAway: () => void;
  readonly #sockets = new Set<Socket>();
  /** Those that speak HTTP, over TLS behind their handshake. */
  readonly #ready = new WeakSet<Socket>();

  /** @param turnedAway is told of each connection that finds no room */
  constructor(handler: RequestListener, failures: AdminFailures, turnedAway: () => void) {
    this.#handler = handler;
    this.#failures = failures;
    this.#turnedAway = turnedAway;
  }

  get size(): number {
    return this.#sockets.size;
  }

  /** A server that is to listen at one address: HTTP/1.1, over TLS where there is any. */
  createServer(tls: TlsOptions | null): Server {
    const server =
      tls === null
        ? createServer(httpOptions, this.#handler)
        : createTlsServer(
            { ...httpOptions, ...tls, ALPNProtocols: ['http/1.1'], handshakeTimeout: Limits.handshakeMsMax },
            this.#handler,
          );
    server.on('connection', (socket: Socket) => this.#take(socket));
    server.on(tls === null ? 'connection' : 'secureConnection', (socket: Socket) => this.#ready.add(socket));
    server.on('clientError', (error: RequestError, socket: Socket) => this.#refuse(error, socket));
    return server;
  }

  /** Ends all connections, also those whose answer goes on. */
  destroy(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  #take(socket: Socket): void {
    if (this.#sockets.size >= Limits.adminConnectionsMax) {
      this.#turnedAway();
      this.#failures.turnedAway(addressOf(socket), `there are ${this.#sockets.size} others`);
      return void socket.destroy();
    }
    this.#sockets.add(socket);
    socket.once('close', () => this.#sockets.delete(socket));
  }

  #refuse(error: RequestError, socket: Socket): void {
    // TLS handshakes that fail come here, too. They are no connections yet, and those who listen see to them.
    if (!this.#ready.has(socket)) return;
    const { code = '' } = error;
    // Before anything is done: a socket that is closed does not tell.
    const address = addressOf(socket);
    const reason = refuseRequest(error, socket);
    if (reason === null) return;
    this.#failures.requestRefused(address, code, reason);
  }
}
