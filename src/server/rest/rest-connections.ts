import { createServer, type Server } from 'node:http';
import { createSecureServer } from 'node:http2';
import type { Socket } from 'node:net';
import type { TlsOptions } from 'node:tls';
import { Limits } from '../../base/limits.ts';
import type { RequestError } from '../broken-request.ts';
import { addressOf } from '../http-failures.ts';
import { refuseRequest } from './broken-request.ts';
import { Http2Sessions } from './http2-sessions.ts';
import type { RawRequest, RawResponse } from './rest-call.ts';
import type { RestFailures } from './rest-failures.ts';
import { StallWatch } from './stall-watch.ts';

/** Node.js cuts requests off that we have not answered by then: those whose body nobody reads. */
const NODE_REQUEST_SPARE_MS = 5_000;
const CHECK_MS = 1_000;

const http1Limits = {
  maxHeaderSize: Limits.restHeadBytesMax,
  headersTimeout: Limits.restRequestMsMax,
  requestTimeout: Limits.restRequestMsMax + NODE_REQUEST_SPARE_MS,
  keepAliveTimeout: Limits.restKeepAliveMs,
  connectionsCheckingInterval: CHECK_MS,
};

/** Answers requests of either version of HTTP. */
export type RequestHandler = (request: RawRequest, response: RawResponse) => void;

/** The sockets of REST clients, and the servers of Node.js that read requests from them. */
export class RestConnections {
  readonly #handler: RequestHandler;
  readonly #keepaliveMs: number;
  readonly #nowMs: () => number;
  readonly #failures: RestFailures;
  readonly #sockets = new Map<Socket, StallWatch>();
  readonly #http2: Http2Sessions;
  readonly #servers: Server[] = [];
  #onEmpty: (() => void) | null = null;

  /** @param keepaliveMs after so much silence the system asks whether a client's machine is still there */
  constructor(handler: RequestHandler, keepaliveMs: number, nowMs: () => number, failures: RestFailures) {
    this.#handler = handler;
    this.#keepaliveMs = keepaliveMs;
    this.#nowMs = nowMs;
    this.#failures = failures;
    this.#http2 = new Http2Sessions(failures);
  }

  get size(): number {
    return this.#sockets.size;
  }

  /** A server that is to listen at one address: HTTP/1.1 in clear; over TLS HTTP/2 as well. */
  createServer(tls: TlsOptions | null): Server {
    const server = tls === null ? this.#createPlain() : this.#createSecure(tls);
    server.on(tls === null ? 'connection' : 'secureConnection', (socket: Socket) => this.#take(socket));
    server.on('clientError', (error: RequestError, socket: Socket) => this.#refuse(error, socket));
    this.#servers.push(server);
    return server;
  }

  /** Ends connections that stand still. To be called every second or so. */
  sweep(): void {
    const nowMs = this.#nowMs();
    for (const [socket, watch] of this.#sockets) {
      if (!watch.hasStalled(socket.writableLength, socket.bytesWritten, nowMs)) continue;
      this.#failures.cutOff(addressOf(socket), 'it does not read its answers');
      socket.destroy();
    }
    this.#http2.sweep(nowMs);
  }

  /** Closes idle connections, lets the others finish what is in progress, and resolves when all are closed. */
  drain(): Promise<void> {
    const empty = new Promise<void>((resolve) => {
      this.#onEmpty = resolve;
    });
    for (const server of this.#servers) server.closeIdleConnections();
    this.#http2.drain();
    if (this.#sockets.size === 0) this.#onEmpty?.();
    return empty;
  }

  destroy(): void {
    for (const socket of this.#sockets.keys()) socket.destroy();
  }

  #createPlain(): Server {
    return createServer({ ...http1Limits, noDelay: true }, this.#handler);
  }

  #createSecure(tls: TlsOptions): Server {
    const server = createSecureServer({
      ...tls,
      allowHTTP1: true,
      handshakeTimeout: Limits.handshakeMsMax,
      settings: {
        maxConcurrentStreams: Limits.restStreamsMax,
        maxHeaderListSize: Limits.restHeadBytesMax,
      },
    });
    // Where Node.js before version 24 also serves HTTP/2 it overlooks them as options, but reads them from the server.
    Object.assign(server, http1Limits);
    server.on('request', this.#handler);
    server.on('session', (session) => this.#http2.add(session, this.#nowMs()));
    server.on('stream', (stream) => this.#http2.count(stream, this.#nowMs));
    // Over HTTP/1.1 it is the server that the types of Node.js say it is.
    return server as unknown as Server;
  }

  #refuse(error: RequestError, socket: Socket): void {
    const { code = '' } = error;
    // Before anything is done: a socket that is closed does not tell.
    const address = addressOf(socket);
    const reason = refuseRequest(error, socket);
    // TLS handshakes that fail come here, too. They are no connections yet, and those who listen tell of them.
    if (reason === null || !this.#sockets.has(socket)) return;
    this.#failures.requestRefused(address, code, reason);
  }

  #take(socket: Socket): void {
    this.#sockets.set(socket, new StallWatch());
    // A client whose machine is gone would keep its long polls, and they its session.
    socket.setKeepAlive(true, this.#keepaliveMs);
    socket.setNoDelay(true);
    socket.once('close', () => {
      this.#sockets.delete(socket);
      if (this.#sockets.size === 0) this.#onEmpty?.();
    });
  }
}
