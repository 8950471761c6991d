import { once } from 'node:events';
import { Agent, type IncomingHttpHeaders, request } from 'node:http';
import { connect, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { type ConnectionOptions, connect as connectTls } from 'node:tls';
import type { RunningServer, StartOptions } from '../../../src/index.ts';
import { afterwards, runServer } from '../running-server.ts';

export interface RestAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  /** The body, where it is JSON. */
  readonly json: Record<string, unknown>;
}

/** A client of REST over HTTP/1.1 that keeps the cookie it is given. */
export class RestClient {
  cookie: string | null = null;
  readonly #address: string;
  readonly #agent: Agent;

  constructor(address: string, agent: Agent = new Agent({ keepAlive: true })) {
    this.#address = address;
    this.#agent = agent;
    afterwards(() => agent.destroy());
  }

  static async begin(address: string): Promise<RestClient> {
    const client = new RestClient(address);
    const { status, json } = await client.ask('POST', '/session');
    if (status !== 201) throw new Error(`no session: ${status} ${JSON.stringify(json)}`);
    return client;
  }

  async ask(
    method: string,
    path: string,
    body?: unknown,
    settings: { headers?: Record<string, string>; signal?: AbortSignal } = {},
  ): Promise<RestAnswer> {
    const [host, port] = this.#address.split(':');
    const cookie = this.cookie === null ? {} : { cookie: this.cookie };
    const sent = request({
      ...{ host, port, method, path, agent: this.#agent },
      headers: { ...cookie, ...settings.headers },
      ...(settings.signal !== undefined && { signal: settings.signal }),
    });
    sent.end(
      body === undefined || typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body),
    );
    const [response] = (await once(sent, 'response')) as [import('node:http').IncomingMessage];
    const content = await text(response);
    const given = /^ldlm-session=[^;]*/.exec(response.headers['set-cookie']?.[0] ?? '');
    if (given !== null) this.cookie = given[0];
    const isJson =
      response.headers['content-type']?.startsWith('application/json') === true && content !== '';
    return {
      status: response.statusCode!,
      headers: response.headers,
      text: content,
      json: isJson ? (JSON.parse(content) as Record<string, unknown>) : {},
    };
  }

  post(path: string, body?: unknown): Promise<RestAnswer> {
    return this.ask('POST', path, body);
  }

  /** Takes a lock that is free, and returns its key. */
  async acquire(name: string, more: object = {}): Promise<string> {
    const { json } = await this.post('/v1/lock', { name, ...more });
    if (json['locked'] !== true) throw new Error(`${name} was not locked: ${JSON.stringify(json)}`);
    return String(json['key']);
  }
}

/** A server with REST in this process. */
export async function runRest(
  options: StartOptions = {},
): Promise<RunningServer & { readonly address: string; readonly rest: string }> {
  const server = await runServer({ restListenAddress: '127.0.0.1:0', ...options });
  return Object.assign(server, { rest: server.restAddresses[0]! });
}

/** A bare socket to the server, and all that has come from it. */
export class RawRest {
  readonly socket: Socket;
  #text = '';

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.on('data', (chunk: Buffer) => {
      this.#text += chunk.toString('latin1');
    });
    socket.on('error', () => {});
    afterwards(() => socket.destroy());
  }

  static async connect(address: string, tls: ConnectionOptions | null = null): Promise<RawRest> {
    const [host, port] = address.split(':');
    const options = { host: host!, port: Number(port), noDelay: true };
    const socket = tls === null ? connect(options) : connectTls({ ...options, ...tls });
    await once(socket, tls === null ? 'connect' : 'secureConnect');
    return new RawRest(socket);
  }

  get text(): string {
    return this.#text;
  }

  send(bytes: string): void {
    this.socket.write(bytes, 'latin1');
  }

  /** Waits until so much has come. */
  async until(holds: (text: string) => boolean, timeoutMs = 5_000): Promise<string> {
    const endMs = performance.now() + timeoutMs;
    while (!holds(this.#text)) {
      if (performance.now() > endMs) throw new Error(`did not come, but: ${this.#text}`);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    return this.#text;
  }

  get closed(): Promise<unknown> {
    return this.socket.closed ? Promise.resolve() : once(this.socket, 'close');
  }
}

/** The bytes of a lock operation. */
export function postBytes(path: string, cookie: string | null, body: string, more = ''): string {
  const head = `POST ${path} HTTP/1.1\r\nHost: x\r\n${cookie === null ? '' : `Cookie: ${cookie}\r\n`}${more}`;
  return `${head}Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
}

/** Waits until something holds. */
export async function eventually(holds: () => boolean | Promise<boolean>, timeoutMs = 5_000): Promise<void> {
  const endMs = performance.now() + timeoutMs;
  while (!(await holds())) {
    if (performance.now() > endMs) throw new Error('it did not come to hold');
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
