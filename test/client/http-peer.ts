import { createServer, type IncomingHttpHeaders, type RequestListener, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import type { TlsOptions } from 'node:tls';
import { afterwards } from '../server/running-server.ts';

export interface SeenRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** Leaves a request without an answer. */
export const silence: RequestListener = () => {};

/** An HTTP/1.1 server whose answers the test decides. Its requests are seen once they have come whole. */
export class HttpPeer {
  readonly seen: SeenRequest[] = [];
  /** How many connections there have been. */
  connections = 0;
  /** Answers a request that has been seen. */
  answer: RequestListener = (_request, response) => response.end('{}');
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(tls: TlsOptions | null) {
    const take: RequestListener = async (request, response) => {
      response.on('error', () => {});
      try {
        const body = await text(request);
        this.seen.push({ method: request.method!, path: request.url!, headers: request.headers, body });
      } catch {
        // It was cut off.
        return;
      }
      this.answer(request, response);
    };
    this.#server = tls === null ? createServer(take) : createTlsServer(tls, take);
    this.#server.on('connection', (socket: Socket) => {
      this.connections++;
      this.#sockets.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => this.#sockets.delete(socket));
    });
    // Those who do not trust the certificate end the connection.
    this.#server.on('tlsClientError', () => {});
    // Its end is up to the test, and not told to clients.
    this.#server.keepAliveTimeout = 0;
  }

  /** A server on a free port of 127.0.0.1, ended after the test. */
  static async open(tls: TlsOptions | null = null, host = '127.0.0.1'): Promise<HttpPeer> {
    const peer = new HttpPeer(tls);
    await new Promise<void>((resolve) => peer.#server.listen(0, host, resolve));
    afterwards(() => peer.close());
    return peer;
  }

  get port(): string {
    return String((this.#server.address() as AddressInfo).port);
  }

  get address(): string {
    return `127.0.0.1:${this.port}`;
  }

  /** How many connections are open. */
  get open(): number {
    return this.#sockets.size;
  }

  /** Ends all connections, without a word. */
  cut(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  /** Resolves when nothing listens any more. */
  close(): Promise<void> {
    if (!this.#server.listening) return Promise.resolve();
    return new Promise((resolve) => {
      this.#server.close(() => resolve());
      this.cut();
    });
  }
}
