import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { afterwards } from '../server/running-server.ts';

type HeadersIn = IncomingMessage['headers'];

/** A proxy that understands HTTP, and meddles with it as its test says. */
export class HttpProxy {
  /** Answers in place of the server when it returns true. */
  answers: (request: IncomingMessage, response: ServerResponse) => boolean = () => false;
  /** Answers of the server are kept back while this is set. */
  swallowsAnswers = false;
  /** Changes the headers of the server's answers. */
  changes: (headers: HeadersIn) => void = () => {};
  /** Requests that take longer are answered with status 504. 0: none. */
  cutsAfterMs = 0;
  /** The cookies of each request. */
  readonly cookies: (string | undefined)[] = [];
  /** Method and path of each request. */
  readonly asked: string[] = [];
  readonly #target: string;
  readonly #server: Server;

  private constructor(target: string) {
    this.#target = target;
    this.#server = createServer((near, response) => void this.#pass(near, response));
  }

  /** It is closed after the test. */
  static async open(target: string): Promise<HttpProxy> {
    const proxy = new HttpProxy(target);
    await new Promise<void>((resolve) => proxy.#server.listen(0, '127.0.0.1', resolve));
    afterwards(() => {
      proxy.#server.closeAllConnections();
      proxy.#server.close();
    });
    return proxy;
  }

  get address(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async #pass(near: IncomingMessage, response: ServerResponse): Promise<void> {
    this.asked.push(`${near.method} ${near.url}`);
    this.cookies.push(near.headers.cookie);
    if (this.answers(near, response)) {
      near.resume();
      return;
    }
    const body = await buffer(near);
    const { method, url: path, headers } = near;
    const [host, port] = this.#target.split(':');
    const far = request({ host, port, method, path, headers, agent: false }, (answer) => {
      if (this.swallowsAnswers) return void answer.resume();
      const given = { ...answer.headers };
      this.changes(given);
      response.writeHead(answer.statusCode!, given);
      answer.pipe(response);
    });
    far.on('error', () => response.destroy());
    response.on('close', () => far.destroy());
    far.end(body);
    if (this.cutsAfterMs === 0) return;
    setTimeout(() => {
      if (response.headersSent) return;
      response.writeHead(504).end('gateway timeout');
    }, this.cutsAfterMs);
  }
}
