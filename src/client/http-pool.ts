import type { Pool } from 'undici';
import type { CallEnd } from './call-end.ts';
import type { TlsOptions } from './client-options.ts';
import { HttpConnector } from './http-connector.ts';
import { type HttpAnswer, HttpExchange } from './http-exchange.ts';
import { TransportError } from './transport.ts';

const ANSWER_BYTES_MAX = 1024 * 1024;
/** How long a connection may be without a request, where the server does not say how long it keeps it. */
const KEEP_ALIVE_MS = 30_000;

export interface HttpRequest {
  readonly method: 'GET' | 'POST' | 'DELETE';
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | null;
}

/** Connections of HTTP/1.1 to one server that nobody else uses, as many as there are requests at a time. */
export class HttpPool {
  /** Called when the other side has ended a connection. */
  onDisconnect: () => void = () => {};
  readonly #origin: string;
  readonly #connector: HttpConnector;
  readonly #options: Pool.Options;
  #undici: typeof import('undici') | null = null;
  #pool: Pool | null = null;
  #closed = false;

  /** @throws InvalidOptionError for TLS files that cannot be used */
  constructor(address: string, tls: TlsOptions | null) {
    this.#origin = `${tls === null ? 'http' : 'https'}://${address}`;
    this.#connector = new HttpConnector(tls);
    this.#options = {
      // A long poll is answered when the lock is free.
      headersTimeout: 0,
      bodyTimeout: 0,
      keepAliveTimeout: KEEP_ALIVE_MS,
      maxResponseSize: ANSWER_BYTES_MAX,
      connect: (target, callback) => this.#connector.open(target, callback),
    };
  }

  /** Rejects with TransportError. */
  async ask({ method, path, headers, body }: HttpRequest, end: CallEnd): Promise<HttpAnswer> {
    if (this.#undici === null) await end.race(this.#load());
    end.check();
    if (this.#closed) throw new TransportError('unavailable', 'the connection is closed');
    this.#pool ??= this.#open();
    const exchange = new HttpExchange();
    end.onEnd = (error) => exchange.abort(error);
    try {
      this.#pool.dispatch({ method, path, headers, body }, exchange);
      return await exchange.answer;
    } finally {
      end.onEnd = null;
    }
  }

  /** Drops all connections, with the requests on them: they do not work any more. */
  reset(): void {
    void this.#destroy();
  }

  /** Resolves when no connection is left. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#destroy();
  }

  async #destroy(): Promise<void> {
    const pool = this.#pool;
    this.#pool = null;
    const destroyed = pool?.destroy();
    this.#connector.abandon();
    await destroyed;
  }

  /** Those who never speak REST do not wait for it: it takes longer to load than all else here. */
  async #load(): Promise<void> {
    this.#undici ??= await import('undici');
  }

  #open(): Pool {
    const pool = new this.#undici!.Pool(this.#origin, this.#options);
    pool.on('disconnect', (_origin, _targets, error) => {
      // What undici closes itself, because it is idle or because its request was aborted, is no news.
      if (this.#pool === pool && error.code !== 'UND_ERR_INFO') this.onDisconnect();
    });
    return pool;
  }
}
