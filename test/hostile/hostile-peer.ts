import { connect, type Socket } from 'node:net';
import { FrameType } from '../../src/protocol/http2/frame.ts';
import { OPENING, parseFrames } from '../protocol/http2/wire-frames.ts';

/** How a connection ended that a peer had: the error code of GOAWAY, or that there was none. */
export const NO_GOAWAY = -1;

/** A socket that says whatever it is told, and notes the frames that come back. */
export class HostilePeer {
  readonly socket: Socket;
  closed = false;
  /** The error code of the last GOAWAY. */
  goAway = NO_GOAWAY;
  /** Frames received, by type. */
  readonly framesByType = new Map<number, number>();
  #rest = Buffer.alloc(0);

  constructor(port: number) {
    this.socket = connect(port, '127.0.0.1');
    this.socket.setNoDelay(true);
    this.socket.on('data', (chunk) => this.#read(chunk));
    this.socket.on('error', () => {});
    this.socket.on('close', () => {
      this.closed = true;
    });
    // Whoever was shown the door stops talking, as the floods below are about the way to it.
    this.socket.on('end', () => this.socket.destroy());
  }

  /** A peer that has said what every client says first. */
  static async greeted(port: number): Promise<HostilePeer> {
    const peer = new HostilePeer(port);
    await peer.send(OPENING);
    return peer;
  }

  /** Writes, and waits until the kernel takes more or the connection is over. */
  async send(bytes: Uint8Array): Promise<void> {
    if (this.closed || this.goAway !== NO_GOAWAY) return;
    if (this.socket.write(bytes)) return breathe();
    await new Promise<void>((resolve) => {
      const done = (): void => {
        this.socket.off('drain', done);
        this.socket.off('close', done);
        resolve();
      };
      this.socket.on('drain', done);
      this.socket.on('close', done);
    });
  }

  received(type: number): number {
    return this.framesByType.get(type) ?? 0;
  }

  destroy(): void {
    this.socket.destroy();
  }

  #read(chunk: Buffer): void {
    const bytes = Buffer.concat([this.#rest, chunk]);
    let end = 0;
    while (bytes.length - end >= 9 && bytes.length - end >= 9 + bytes.readUIntBE(end, 3))
      end += 9 + bytes.readUIntBE(end, 3);
    for (const { type, payload } of parseFrames(bytes.subarray(0, end))) {
      this.framesByType.set(type, this.received(type) + 1);
      if (type === FrameType.GoAway) this.goAway = payload.readUInt32BE(4);
    }
    this.#rest = bytes.subarray(end);
  }
}

/** Lets the event loop turn. */
export function breathe(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
