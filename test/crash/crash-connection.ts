import { once } from 'node:events';
import { ReplyStatus } from '../../bench/load/reply-status.ts';
import { FrameFlag, FrameType } from '../../src/protocol/http2/frame.ts';
import { prefaceBytes, type RawMethod, requestBytes } from '../engine/raw-lock-client.ts';
import { loadCoder, type ReplyMessage, type RequestMessage } from '../protocol/protobuf/ldlm-coder.ts';
import { type Frame, RawPeer } from '../server/raw-peer.ts';

/** How a call was answered. The reply is null when there was no message. */
export type Answered = (status: number, reply: ReplyMessage | null) => void;

/** A call that nobody has answered yet. */
interface OpenCall {
  readonly method: RawMethod;
  readonly answered: Answered;
  readonly unanswered: () => void;
  reply: ReplyMessage | null;
}

const WINDOW_BYTES = 1 << 24;
// LockResponse and UnlockResponse differ in one field, so each has its coder.
const lockCoder = loadCoder('Lock');
const unlockCoder = loadCoder('Unlock');

/**
 * A client's connection that is expected to end in the middle. What the server had sent before that counts as
 * answered, also when it is read later.
 */
export class CrashConnection {
  /** Told when the server has said that it will take no more calls. */
  onGoAway: () => void = () => {};
  readonly #peer: RawPeer;
  readonly #statuses = new ReplyStatus();
  readonly #calls = new Map<number, OpenCall>();
  #nextStream = 1;
  #bytesTaken = 0;
  #isEnding = false;

  private constructor(peer: RawPeer) {
    this.#peer = peer;
    peer.socket.setNoDelay(true);
    peer.socket.write(prefaceBytes());
    this.#grantWindow(WINDOW_BYTES);
    peer.socket.on('data', () => this.#take());
  }

  static async connect(address: string): Promise<CrashConnection> {
    return new CrashConnection(await RawPeer.connect(address, false));
  }

  get isClosed(): boolean {
    return this.#peer.closed || this.#peer.socket.destroyed;
  }

  /** Sends a call. One of the two is called in the end: `unanswered` by {@link giveUp}. */
  send(method: RawMethod, message: RequestMessage, answered: Answered, unanswered: () => void): void {
    const stream = this.#nextStream;
    this.#nextStream += 2;
    this.#calls.set(stream, { method, answered, unanswered, reply: null });
    if (!this.isClosed) this.#peer.socket.write(requestBytes(stream, method, message));
  }

  /** Says that no more calls will come, once those that are open are answered. */
  endWhenIdle(): void {
    this.#isEnding = true;
    if (this.#calls.size === 0) this.#peer.socket.end();
  }

  /** Ends the connection without reading what has arrived. */
  destroy(): void {
    this.#peer.socket.destroy();
  }

  /** Waits until everything is read that the server has sent. */
  async closed(): Promise<void> {
    if (!this.#peer.closed) await once(this.#peer.socket, 'close');
  }

  /** The connection is closed: nobody will ever answer the calls that are open. */
  giveUp(): void {
    const calls = [...this.#calls.values()];
    this.#calls.clear();
    for (const call of calls) call.unanswered();
  }

  #take(): void {
    const { socket, frames } = this.#peer;
    socket.cork();
    for (const frame of frames.splice(0)) this.#takeFrame(frame);
    socket.uncork();
  }

  #takeWindow(bytes: number): void {
    this.#bytesTaken += bytes;
    if (this.#bytesTaken < WINDOW_BYTES / 2) return;
    this.#grantWindow(this.#bytesTaken);
    this.#bytesTaken = 0;
  }

  /** Lets the server send so much more. */
  #grantWindow(bytes: number): void {
    const increment = Buffer.alloc(4);
    increment.writeUInt32BE(bytes);
    this.#peer.send(FrameType.WindowUpdate, 0, 0, increment);
  }

  #takeFrame({ type, flags, streamId, payload }: Frame): void {
    const call = this.#calls.get(streamId);
    if (type === FrameType.Data) this.#takeWindow(payload.length);
    if (type === FrameType.GoAway) this.onGoAway();
    if (call === undefined) return;
    if (type === FrameType.Data) {
      const coder = call.method === 'Unlock' ? unlockCoder : lockCoder;
      call.reply = coder.responseDeserialize(payload.subarray(5));
    } else if (type === FrameType.Headers) {
      const status = this.#statuses.read(payload, 0, payload.length);
      if ((flags & FrameFlag.EndStream) === 0) return;
      this.#calls.delete(streamId);
      call.answered(status, call.reply);
      if (this.#isEnding) this.endWhenIdle();
    } else if (type === FrameType.RstStream) {
      throw new Error(`stream ${streamId} was reset with code ${payload.readUInt32BE(0)}`);
    }
  }
}
