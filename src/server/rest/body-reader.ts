import { Limits } from '../../base/limits.ts';
import { CallState, type RawRequest, type RestCall } from './rest-call.ts';

/** Where bodies go, and what is wrong with those that do not come. */
export interface BodyReceiver {
  received(call: RestCall, body: Buffer | null): void;
  tooLarge(call: RestCall): void;
  /** Too much is on the way already. */
  noRoom(call: RestCall): void;
}

/** Finds the call of a request in its events, without a closure for each. */
const callOf = Symbol('call');

type ReadRequest = RawRequest & { [callOf]?: RestCall | null };

/**
 * Gathers the bodies of requests. What has come of bodies that are not complete counts against one budget, so that
 * clients who send the beginning of many cannot fill the memory.
 */
export class BodyReader {
  readonly #receiver: BodyReceiver;
  readonly #onData: (this: ReadRequest, chunk: Buffer) => void;
  readonly #onEnd: (this: ReadRequest) => void;
  #bytes = 0;

  constructor(receiver: BodyReceiver) {
    this.#receiver = receiver;
    const reader = this;
    this.#onData = function (chunk) {
      reader.#take(this, chunk);
    };
    this.#onEnd = function () {
      reader.#finish(this);
    };
  }

  /** The bytes of all bodies that are not complete. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Begins to read the body of a call's request. */
  read(call: RestCall): void {
    const request: ReadRequest = call.request!;
    const announced = request.headers['content-length'];
    if (announced !== undefined && Number(announced) > Limits.restBodyBytesMax) {
      return this.#receiver.tooLarge(call);
    }
    request[callOf] = call;
    request.on('data', this.#onData);
    request.on('end', this.#onEnd);
  }

  /** Gives up on the rest of a body. */
  drop(call: RestCall): void {
    const request: ReadRequest | null = call.request;
    this.#bytes -= call.bodyBytes;
    call.bodyBytes = 0;
    call.body = null;
    if (request !== null) request[callOf] = null;
  }

  #take(request: ReadRequest, chunk: Buffer): void {
    const call = request[callOf];
    if (call == null || call.state !== CallState.Receiving) return;
    const length = call.bodyBytes + chunk.length;
    if (length > Limits.restBodyBytesMax) return this.#receiver.tooLarge(call);
    if (this.#bytes + chunk.length > Limits.restBodiesBytesMax) return this.#receiver.noRoom(call);
    this.#bytes += chunk.length;
    call.body = call.body === null ? unpinned(chunk) : append(call.body, call.bodyBytes, chunk);
    call.bodyBytes = length;
  }

  #finish(request: ReadRequest): void {
    const call = request[callOf];
    if (call == null || call.state !== CallState.Receiving) return;
    const { body, bodyBytes } = call;
    this.#bytes -= bodyBytes;
    call.bodyBytes = 0;
    call.body = null;
    this.#receiver.received(call, body === null ? null : body.subarray(0, bodyBytes));
  }
}

/** A piece that is a small part of what was read at once, as over HTTP/2, would keep all of that in memory. */
function unpinned(chunk: Buffer): Buffer {
  const pinnedBytes = chunk.buffer.byteLength;
  if (pinnedBytes < PINNED_BYTES_MIN || chunk.length * 4 > pinnedBytes) return chunk;
  const copy = Buffer.allocUnsafeSlow(chunk.length);
  chunk.copy(copy);
  return copy;
}

const PINNED_BYTES_MIN = 2_048;

/** Adds to bytes that have room behind them, or makes room for twice as many. */
function append(bytes: Buffer, length: number, chunk: Buffer): Buffer {
  const total = length + chunk.length;
  let target = bytes;
  if (target.length < total) {
    target = Buffer.allocUnsafeSlow(Math.max(total, length * 2));
    bytes.copy(target, 0, 0, length);
  }
  chunk.copy(target, length);
  return target;
}
