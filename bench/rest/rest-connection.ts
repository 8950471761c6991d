import { connect, type Socket } from 'node:net';
import { parseAddress } from './parse-address.ts';

const END_OF_HEAD = Buffer.from('\r\n\r\n');
const LENGTH = Buffer.from('Content-Length: ');
const LENGTH_LOWER = Buffer.from('content-length: ');

/** A keep-alive connection with one request at a time, written as bytes, so that the load costs little. */
export class RestConnection {
  readonly #socket: Socket;
  #pending: Buffer = Buffer.alloc(0);
  #answered: (answer: Buffer) => void = () => {};

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('data', (chunk: Buffer) => this.#read(chunk));
    socket.on('error', (error) => {
      throw error;
    });
  }

  static open(address: string): Promise<RestConnection> {
    return new Promise((resolve) => {
      const socket = connect({ ...parseAddress(address), noDelay: true }, () =>
        resolve(new RestConnection(socket)),
      );
    });
  }

  /** Sends a request; `answered` is given the whole answer, head and body. */
  send(request: Buffer, answered: (answer: Buffer) => void): void {
    this.#answered = answered;
    this.#socket.write(request);
  }

  ask(request: Buffer): Promise<string> {
    return new Promise((resolve) => this.send(request, (answer) => resolve(answer.toString('latin1'))));
  }

  close(): void {
    this.#socket.destroy();
  }

  #read(chunk: Buffer): void {
    const bytes = this.#pending.length === 0 ? chunk : Buffer.concat([this.#pending, chunk]);
    const head = bytes.indexOf(END_OF_HEAD);
    const total = head < 0 ? Number.POSITIVE_INFINITY : head + END_OF_HEAD.length + bodyBytes(bytes, head);
    if (bytes.length < total) {
      this.#pending = bytes;
      return;
    }
    this.#pending = bytes.subarray(total);
    this.#answered(bytes);
  }
}

function bodyBytes(bytes: Buffer, headEnd: number): number {
  let at = bytes.indexOf(LENGTH);
  if (at < 0) at = bytes.indexOf(LENGTH_LOWER);
  if (at < 0 || at > headEnd) throw new Error(`an answer without a length: ${bytes.toString('latin1')}`);
  return Number.parseInt(bytes.latin1Slice(at + LENGTH.length, at + LENGTH.length + 8), 10);
}

/** A request as bytes. */
export function requestBytes(method: string, path: string, headers: readonly string[], body = ''): Buffer {
  const head = [`${method} ${path} HTTP/1.1`, 'Host: bench', ...headers];
  if (body !== '') head.push('Content-Type: application/json', `Content-Length: ${body.length}`);
  return Buffer.from(`${head.join('\r\n')}\r\n\r\n${body}`, 'latin1');
}
