import { get, type IncomingMessage } from 'node:http';
import { afterwards } from '../running-server.ts';

/** One message of an event stream. */
export interface StreamEvent {
  readonly event: string;
  readonly data: unknown;
}

/** A reader of an event stream that can stop reading. It is closed after the test. */
export class EventReader {
  readonly events: StreamEvent[] = [];
  status = 0;
  headers: IncomingMessage['headers'] = {};
  #response: IncomingMessage | null = null;
  #isClosed = false;
  #rest = '';
  #noticed: () => void = () => {};
  readonly #request;

  constructor(address: string, path: string) {
    this.#request = get(`http://${address}${path}`, { agent: false }, (response) => {
      this.#response = response;
      this.status = response.statusCode ?? 0;
      this.headers = response.headers;
      response.setEncoding('utf8');
      response.on('data', (text: string) => this.#read(text));
      response.on('error', () => {});
      response.on('close', () => this.#close());
    });
    this.#request.on('error', () => this.#close());
    afterwards(() => this.close());
  }

  /** Reads nothing more: what is sent fills the buffers of both sides. */
  stopReading(): void {
    this.#response?.pause();
  }

  readOn(): void {
    this.#response?.resume();
  }

  close(): void {
    this.#request.destroy();
  }

  /** The first event, from now on or before, for which this holds. */
  async until(holds: (event: StreamEvent) => boolean): Promise<StreamEvent> {
    await this.waitFor(() => this.events.some(holds));
    return this.events.find(holds)!;
  }

  async waitFor(holds: () => boolean): Promise<void> {
    while (!holds()) {
      if (this.#isClosed) throw new Error(`the stream has ended, with status ${this.status}`);
      await this.#notice();
    }
  }

  async closed(): Promise<void> {
    while (!this.#isClosed) await this.#notice();
  }

  /** What the steps of all messages say, in their order. */
  get steps(): readonly { readonly kind: string; readonly [field: string]: unknown }[] {
    return this.events.filter(({ event }) => event === 'steps').flatMap(({ data }) => data as []);
  }

  #notice(): Promise<void> {
    return new Promise((resolve) => {
      this.#noticed = resolve;
    });
  }

  #close(): void {
    this.#isClosed = true;
    this.#noticed();
  }

  #read(text: string): void {
    const messages = (this.#rest + text).split('\n\n');
    this.#rest = messages.pop()!;
    for (const message of messages) {
      const found = /^event: (?<event>\w+)\ndata: (?<data>.*)$/.exec(message)?.groups;
      if (found !== undefined) this.events.push({ event: found['event']!, data: JSON.parse(found['data']!) });
    }
    this.#noticed();
  }
}
