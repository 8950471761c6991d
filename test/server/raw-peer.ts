import { connect, type Socket } from 'node:net';
import { FRAME_HEADER_BYTES, readUint32 } from '../../src/protocol/http2/frame.ts';

export interface Frame {
  readonly type: number;
  readonly flags: number;
  readonly streamId: number;
  readonly payload: Buffer;
}

/** A client that speaks HTTP/2 frame by frame, so that a test can do what no library would. */
export class RawPeer {
  readonly socket: Socket;
  readonly frames: Frame[] = [];
  closed = false;
  #buffer = Buffer.alloc(0);
  #wake: () => void = () => {};

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.on('data', (chunk) => this.#read(chunk));
    socket.on('error', () => {});
    socket.on('close', () => {
      this.closed = true;
      this.#wake();
    });
  }

  static async connect(address: string, preface = true): Promise<RawPeer> {
    const [host, port] = address.split(':');
    const socket = connect({ host: host!, port: Number(port) });
    await new Promise((resolve, reject) => socket.once('connect', resolve).once('error', reject));
    const peer = new RawPeer(socket);
    if (preface) {
      socket.write('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
      peer.send(4, 0, 0, Buffer.alloc(0));
    }
    return peer;
  }

  send(type: number, flags: number, streamId: number, payload: Uint8Array): void {
    const head = Buffer.alloc(FRAME_HEADER_BYTES);
    head.writeUIntBE(payload.length, 0, 3);
    head[3] = type;
    head[4] = flags;
    head.writeUInt32BE(streamId, 5);
    this.socket.write(Buffer.concat([head, payload]));
  }

  /** Waits for a frame that `matches`, already received or to come. */
  async frame(matches: (frame: Frame) => boolean, timeoutMs = 5_000): Promise<Frame> {
    const endMs = performance.now() + timeoutMs;
    for (;;) {
      const found = this.frames.find(matches);
      if (found !== undefined) return found;
      if (this.closed || performance.now() > endMs) {
        throw new Error(`no such frame; closed ${this.closed}, got ${JSON.stringify(this.frames)}`);
      }
      await this.#change(endMs);
    }
  }

  /** Waits until the server has closed the connection. */
  async closing(timeoutMs = 5_000): Promise<void> {
    const endMs = performance.now() + timeoutMs;
    while (!this.closed) {
      if (performance.now() > endMs) throw new Error('the connection is still open');
      await this.#change(endMs);
    }
  }

  #change(endMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, Math.max(1, endMs - performance.now()));
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  #read(chunk: Buffer): void {
    this.#buffer = Buffer.concat([this.#buffer, chunk]);
    for (;;) {
      if (this.#buffer.length < FRAME_HEADER_BYTES) break;
      const end = FRAME_HEADER_BYTES + this.#buffer.readUIntBE(0, 3);
      if (this.#buffer.length < end) break;
      this.frames.push({
        type: this.#buffer[3]!,
        flags: this.#buffer[4]!,
        streamId: readUint32(this.#buffer, 5) & 0x7fff_ffff,
        payload: Buffer.from(this.#buffer.subarray(FRAME_HEADER_BYTES, end)),
      });
      this.#buffer = this.#buffer.subarray(end);
    }
    this.#wake();
  }
}
