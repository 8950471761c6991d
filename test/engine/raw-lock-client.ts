import { encodeHeaderBlock } from '../../src/protocol/hpack/encoder.ts';
import { CLIENT_PREFACE, FrameFlag, FrameType } from '../../src/protocol/http2/frame.ts';
import { loadCoder, type ReplyMessage, type RequestMessage } from '../protocol/protobuf/ldlm-coder.ts';
import { type Frame, RawPeer } from '../server/raw-peer.ts';

export type RawMethod = 'Lock' | 'TryLock' | 'Unlock' | 'Renew';

const coders = {
  Lock: loadCoder('Lock'),
  TryLock: loadCoder('TryLock'),
  Unlock: loadCoder('Unlock'),
  Renew: loadCoder('Renew'),
};
const blocks = new Map(
  (['Lock', 'TryLock', 'Unlock', 'Renew'] as const).map((method) => [method, requestBlock(method)]),
);

function requestBlock(method: RawMethod): Uint8Array {
  return encodeHeaderBlock([
    [':method', 'POST'],
    [':scheme', 'http'],
    [':path', `/ldlm.LDLM/${method}`],
    [':authority', 'test'],
    ['content-type', 'application/grpc'],
    ['te', 'trailers'],
  ]);
}

function frame(type: number, flags: number, streamId: number, payload: Uint8Array): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head[3] = type;
  head[4] = flags;
  head.writeUInt32BE(streamId, 5);
  return Buffer.concat([head, payload]);
}

/** The bytes of a whole request. */
export function requestBytes(streamId: number, method: RawMethod, message: RequestMessage): Buffer {
  const body = coders[method].requestSerialize(message);
  const prefix = Buffer.alloc(5);
  prefix.writeUInt32BE(body.length, 1);
  return Buffer.concat([
    frame(FrameType.Headers, FrameFlag.EndHeaders, streamId, blocks.get(method)!),
    frame(FrameType.Data, FrameFlag.EndStream, streamId, Buffer.concat([prefix, body])),
  ]);
}

/** What a client says first, with the window that it grants each stream. */
export function prefaceBytes(initialWindow = 65_535): Buffer {
  const settings = Buffer.alloc(6);
  settings.writeUInt16BE(4, 0);
  settings.writeUInt32BE(initialWindow, 2);
  return Buffer.concat([CLIENT_PREFACE, frame(FrameType.Settings, 0, 0, settings)]);
}

/**
 * Calls locks frame by frame on one connection: it resets streams when it likes, and still sees what the server had
 * sent before it learned of that.
 */
export class RawLockClient {
  readonly peer: RawPeer;
  /** Told of each reply, also of those on streams that were reset. */
  onReply: (streamId: number, reply: ReplyMessage) => void = () => {};
  #streamId = -1;
  #unreadBytes = 0;
  readonly #waiting = new Map<number, (reply: ReplyMessage) => void>();

  private constructor(peer: RawPeer) {
    this.peer = peer;
    peer.socket.on('data', () => this.#take());
  }

  static async connect(address: string, initialWindow?: number): Promise<RawLockClient> {
    const peer = await RawPeer.connect(address, false);
    peer.socket.setNoDelay(true);
    peer.socket.write(prefaceBytes(initialWindow));
    return new RawLockClient(peer);
  }

  /** Sends a request and returns its stream. */
  send(method: RawMethod, message: RequestMessage): number {
    this.#streamId += 2;
    this.peer.socket.write(requestBytes(this.#streamId, method, message));
    return this.#streamId;
  }

  ask(method: RawMethod, message: RequestMessage): Promise<ReplyMessage> {
    const streamId = this.send(method, message);
    return new Promise((resolve) => this.#waiting.set(streamId, resolve));
  }

  /** Resets a stream with CANCEL. */
  cancel(streamId: number): void {
    this.peer.send(FrameType.RstStream, 0, streamId, Buffer.of(0, 0, 0, 8));
  }

  #take(): void {
    for (const received of this.peer.frames.splice(0)) {
      if (received.type === FrameType.Data) this.#takeMessage(received);
    }
  }

  #takeMessage({ streamId, payload }: Frame): void {
    this.#giveWindow(payload.length);
    // LockResponse and UnlockResponse have their first fields in common.
    const reply = coders.Lock.responseDeserialize(payload.subarray(5));
    const resolve = this.#waiting.get(streamId);
    this.#waiting.delete(streamId);
    if (resolve !== undefined) resolve(reply);
    else this.onReply(streamId, reply);
  }

  #giveWindow(bytes: number): void {
    this.#unreadBytes += bytes;
    if (this.#unreadBytes < 16_384) return;
    const increment = Buffer.alloc(4);
    increment.writeUInt32BE(this.#unreadBytes);
    this.peer.send(FrameType.WindowUpdate, 0, 0, increment);
    this.#unreadBytes = 0;
  }
}
