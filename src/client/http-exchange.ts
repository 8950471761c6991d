import type { Dispatcher } from 'undici';
import { isTlsFailure } from './tls-failures.ts';
import { TransportError } from './transport.ts';

export interface HttpAnswer {
  readonly status: number;
  /** By their names in lower case. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

type Controller = Dispatcher.DispatchController;

/** One request to undici and its answer: without the streams that undici would make of a body of a few bytes. */
export class HttpExchange implements Dispatcher.DispatchHandler {
  readonly answer: Promise<HttpAnswer>;
  readonly #chunks: Buffer[] = [];
  #resolve!: (answer: HttpAnswer) => void;
  #reject!: (error: TransportError) => void;
  #controller: Controller | null = null;
  #error: TransportError | null = null;
  #status = 0;
  #headers: HttpAnswer['headers'] = {};

  constructor() {
    this.answer = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  /** Fails the exchange now, and closes its request, or has it not sent at all. */
  abort(error: TransportError): void {
    this.#error = error;
    this.#reject(error);
    this.#controller?.abort(error);
  }

  onRequestStart(controller: Controller): void {
    this.#controller = controller;
    if (this.#error !== null) controller.abort(this.#error);
  }

  onResponseStart(_controller: Controller, status: number, headers: HttpAnswer['headers']): void {
    this.#status = status;
    this.#headers = headers;
  }

  onResponseData(_controller: Controller, chunk: Buffer): void {
    // The parser's memory is its own, and what comes in one piece is the rule.
    this.#chunks.push(Buffer.from(chunk));
  }

  onResponseEnd(): void {
    const body = Buffer.concat(this.#chunks).toString('utf8');
    this.#resolve({ status: this.#status, headers: this.#headers, body });
  }

  onResponseError(_controller: Controller, error: Error): void {
    this.#reject(transportError(error));
  }
}

/** A connection that ends too early is one that is gone; every other offence against HTTP will be committed again. */
const CUT_OFF = 'Invalid EOF state';
const HOPELESS = /^UND_ERR_(RES_EXCEEDED_MAX_SIZE|HEADERS_OVERFLOW|INVALID_ARG|NOT_SUPPORTED)$/;

function transportError(error: Error): TransportError {
  const text = textOf(error);
  // What the parser refuses has no code of its own in undici 7, whatever its types say.
  const isNoHttp = error.name === 'HTTPParserError' && !text.includes(CUT_OFF);
  const isRefused = isNoHttp || HOPELESS.test(String((error as NodeJS.ErrnoException).code));
  const kind = isTlsFailure(text) ? 'insecure' : isRefused ? 'refused' : 'unavailable';
  return new TransportError(kind, text, error);
}

/** Of several addresses that were tried there are several errors, and no text that covers them. */
function textOf(error: Error): string {
  const errors = error instanceof AggregateError ? (error.errors as readonly Error[]) : [];
  return error.message || errors.map(({ message }) => message).join(', ') || error.name;
}
