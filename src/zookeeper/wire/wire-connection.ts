import { connect as connectTcp, type Socket } from 'node:net';
import { type ConnectionOptions, connect as connectTls } from 'node:tls';
import { Limits } from '../../base/limits.ts';
import type { ServerAddress } from '../connect-string.ts';
import { FrameSplitter } from './frame-splitter.ts';
import { JuteWriter } from './jute-writer.ts';

const READ_BYTES = 64 * 1024;

export interface WireListener {
  /** Frames can be sent. */
  opened(): void;
  /** Something has come: these frames are told of after it. */
  arrived(): void;
  /**
   * A part of bytes that are the connection's again afterwards.
   *
   * @throws ZooKeeperError when it cannot be: the connection is closed then
   */
  frame(bytes: Buffer, start: number, end: number): void;
  /** Called once, unless `destroy` was. */
  closed(cause: Error | null): void;
}

/** One connection to one server, in frames. */
export class WireConnection {
  /** What was written here leaves all in one: see `flushSoon`. */
  readonly writer = new JuteWriter();
  readonly #socket: Socket;
  readonly #listener: WireListener;
  readonly #splitter: FrameSplitter;
  #isFlushing = false;
  #isClosed = false;
  #error: Error | null = null;

  constructor({ host, port }: ServerAddress, tls: ConnectionOptions | null, listener: WireListener) {
    this.#listener = listener;
    this.#splitter = new FrameSplitter(Limits.zookeeperReplyBytesMax, (bytes, start, end) => {
      if (!this.#isClosed) listener.frame(bytes, start, end);
    });
    this.#socket = this.#open(host, port, tls);
    // Whether the process goes on is for those to say who wait for something.
    this.#socket.unref();
    this.#socket.setNoDelay(true);
    this.#socket.on(tls === null ? 'connect' : 'secureConnect', () => {
      if (!this.#isClosed) listener.opened();
    });
    this.#socket.on('error', (error) => {
      this.#error = error;
    });
    this.#socket.on('close', () => this.#close());
  }

  /** The address of this side, as the server sees it unless something in between changes it. */
  get localAddress(): string {
    return this.#socket.localAddress ?? '';
  }

  /**
   * Requests of one turn, whoever makes them, share a packet.
   *
   * @param isAlone nothing else is under way, so nobody else is about to ask: then it leaves when its caller waits for it
   */
  flushSoon(isAlone = false): void {
    if (this.#isFlushing) return;
    this.#isFlushing = true;
    if (isAlone) queueMicrotask(this.#flush);
    else setImmediate(this.#flush);
  }

  readonly #flush = (): void => {
    this.#isFlushing = false;
    if (!this.#isClosed && !this.writer.isEmpty) this.#socket.write(this.writer.take());
  };

  /** Ends it without a word to the listener. */
  destroy(): void {
    this.#isClosed = true;
    this.#socket.destroy();
  }

  /** Ends it as a failure. */
  fail(cause: Error): void {
    this.#error = cause;
    this.#close();
  }

  /** Without TLS all that arrives is read into the same bytes: Node.js would make new ones for each packet. */
  #open(host: string, port: number, tls: ConnectionOptions | null): Socket {
    if (tls !== null) {
      const socket = connectTls({ host, port, ...tls });
      return socket.on('data', (bytes: Buffer) => this.#take(bytes, bytes.length));
    }
    const callback = (length: number, bytes: Uint8Array): boolean => {
      this.#take(bytes as Buffer, length);
      return true;
    };
    return connectTcp({ host, port, onread: { buffer: Buffer.allocUnsafeSlow(READ_BYTES), callback } });
  }

  #take(bytes: Buffer, length: number): void {
    if (this.#isClosed) return;
    this.#listener.arrived();
    try {
      this.#splitter.push(bytes, length);
    } catch (error) {
      this.fail(error instanceof Error ? error : new Error(String(error)));
    }
  }

  #close(): void {
    if (this.#isClosed) return;
    this.destroy();
    this.#listener.closed(this.#error);
  }
}
