import {
  DEFAULT_WINDOW,
  FRAME_HEADER_BYTES,
  FrameFlag,
  FrameType,
  readUint32,
  WINDOW_MAX,
  writeFrameHeader,
} from './frame.ts';
import { copyBytes, type Output } from './output.ts';
import type { PeerSettings } from './settings.ts';
import type { QueuedOutput, Stream } from './stream.ts';

const FLAGS_OFFSET = 4;
const STREAM_ID_OFFSET = 5;
const TABLE_SIZE_ZERO = 0x20;

/**
 * The sending half of a connection: frames go to the output as long as the windows of RFC 9113 section 5.2 allow,
 * and wait in their stream's queue otherwise. Only DATA is flow-controlled, but what stands behind it in the same
 * stream has to wait with it.
 *
 * A stream that waits for the connection's window stands in `#waiting`; one that waits for its own window does
 * not, so an update of the connection's window costs only what it lets go.
 */
export class Sender<Plan, Call> {
  readonly #output: Output;
  readonly #settings: PeerSettings;
  readonly #ended: (stream: Stream<Plan, Call>) => void;
  readonly #waiting = new Set<Stream<Plan, Call>>();
  #window = DEFAULT_WINDOW;
  #queuedBytes = 0;

  /** `ended` is called when the last frame of a queued stream, with END_STREAM, has gone to the output. */
  constructor(output: Output, settings: PeerSettings, ended: (stream: Stream<Plan, Call>) => void) {
    this.#output = output;
    this.#settings = settings;
    this.#ended = ended;
  }

  /** Bytes that wait for window. */
  get queuedBytes(): number {
    return this.#queuedBytes;
  }

  /**
   * Sends a whole unary reply: finished HEADERS, DATA and trailing HEADERS frames lie one behind the other at
   * `offset`. Returns true when it went out as it is; otherwise it is queued and `ended` is called when it is out.
   */
  sendReply(
    stream: Stream<Plan, Call>,
    bytes: Uint8Array,
    offset: number,
    headersBytes: number,
    dataBytes: number,
    trailersBytes: number,
  ): boolean {
    const payloadBytes = dataBytes === 0 ? 0 : dataBytes - FRAME_HEADER_BYTES;
    if (stream.queue === null && !this.#settings.tableUpdateDue && this.#fits(stream, payloadBytes)) {
      this.#window -= payloadBytes;
      this.#output.append(bytes, offset, offset + headersBytes + dataBytes + trailersBytes);
      return true;
    }
    const dataStart = offset + headersBytes;
    const trailersStart = dataStart + dataBytes;
    // A reply that is a status alone has neither head nor body.
    if (headersBytes > 0) this.#enqueue(stream, false, copyOf(bytes, offset, dataStart), false);
    if (dataBytes > 0) {
      this.#enqueue(stream, true, copyOf(bytes, dataStart + FRAME_HEADER_BYTES, trailersStart), false);
    }
    this.#enqueue(stream, false, copyOf(bytes, trailersStart, trailersStart + trailersBytes), true);
    this.flushStream(stream);
    return false;
  }

  /** Sends finished frames other than DATA. `bytes` is kept if they have to wait. */
  sendFrames(stream: Stream<Plan, Call>, bytes: Uint8Array, endStream: boolean): void {
    this.#enqueue(stream, false, bytes, endStream);
    this.flushStream(stream);
  }

  /** Sends a message as DATA frames. `bytes` is kept if they have to wait. */
  sendData(stream: Stream<Plan, Call>, bytes: Uint8Array, endStream: boolean): void {
    this.#enqueue(stream, true, bytes, endStream);
    this.flushStream(stream);
  }

  /** Forgets what a stream still had to say. */
  drop(stream: Stream<Plan, Call>): void {
    if (stream.queue === null) return;
    for (const item of stream.queue) this.#queuedBytes -= item.bytes.length - item.sentBytes;
    stream.queue = null;
    this.#waiting.delete(stream);
  }

  /** The peer widens the connection's window. False when it goes beyond 2^31-1: FLOW_CONTROL_ERROR, section 6.9.1. */
  widen(increment: number): boolean {
    if (this.#window + increment > WINDOW_MAX) return false;
    this.#window += increment;
    for (const stream of this.#waiting) {
      if (this.#window <= 0) break;
      this.flushStream(stream);
    }
    return true;
  }

  /** The peer widens a stream's window. False when it goes beyond 2^31-1: a stream error. */
  widenStream(stream: Stream<Plan, Call>, increment: number): boolean {
    if (this.#settings.initialWindow + stream.sendWindowDelta + increment > WINDOW_MAX) return false;
    stream.sendWindowDelta += increment;
    if (stream.queue !== null) this.flushStream(stream);
    return true;
  }

  /** Sends of a stream's queue what the windows allow. */
  flushStream(stream: Stream<Plan, Call>): void {
    const queue = stream.queue;
    if (queue === null) return;
    let done = 0;
    while (done < queue.length && this.#sendItem(stream, queue[done]!)) done++;
    if (done < queue.length) {
      queue.splice(0, done);
      return;
    }
    stream.queue = null;
    this.#waiting.delete(stream);
    if (queue[done - 1]!.endStream) this.#ended(stream);
  }

  #fits(stream: Stream<Plan, Call>, payloadBytes: number): boolean {
    return (
      payloadBytes <= this.#window &&
      payloadBytes <= this.#settings.initialWindow + stream.sendWindowDelta &&
      payloadBytes <= this.#settings.frameBytesMax
    );
  }

  #enqueue(stream: Stream<Plan, Call>, isData: boolean, bytes: Uint8Array, endStream: boolean): void {
    stream.queue ??= [];
    stream.queue.push({ isData, bytes, sentBytes: 0, endStream });
    this.#queuedBytes += bytes.length;
  }

  /** Returns true when all of the item is out. */
  #sendItem(stream: Stream<Plan, Call>, item: QueuedOutput): boolean {
    if (item.isData) return this.#sendDataItem(stream, item);
    if (this.#settings.tableUpdateDue) this.#writeTableUpdate(item.bytes);
    else this.#output.append(item.bytes, 0, item.bytes.length);
    this.#queuedBytes -= item.bytes.length;
    return true;
  }

  /** Writes a HEADERS frame with a dynamic table size update to 0 (RFC 7541 section 6.3) before its block. */
  #writeTableUpdate(frame: Uint8Array): void {
    this.#settings.tableUpdateDue = false;
    const block = frame.subarray(FRAME_HEADER_BYTES);
    const position = this.#output.reserve(frame.length + 1);
    const out = this.#output.bytes;
    const streamId = readUint32(frame, STREAM_ID_OFFSET);
    const start = writeFrameHeader(
      out,
      position,
      block.length + 1,
      FrameType.Headers,
      frame[FLAGS_OFFSET]!,
      streamId,
    );
    out[start] = TABLE_SIZE_ZERO;
    out.set(block, start + 1);
  }

  #sendDataItem(stream: Stream<Plan, Call>, item: QueuedOutput): boolean {
    for (;;) {
      const left = item.bytes.length - item.sentBytes;
      const streamWindow = this.#settings.initialWindow + stream.sendWindowDelta;
      const room = Math.min(streamWindow, this.#window, this.#settings.frameBytesMax);
      const count = Math.min(left, Math.max(room, 0));
      if (left > 0 && count === 0) {
        if (streamWindow > 0) this.#waiting.add(stream);
        else this.#waiting.delete(stream);
        return false;
      }
      const last = count === left;
      this.#writeData(stream, item, count, last && item.endStream);
      if (last) return true;
    }
  }

  #writeData(stream: Stream<Plan, Call>, item: QueuedOutput, count: number, endStream: boolean): void {
    const position = this.#output.reserve(FRAME_HEADER_BYTES + count);
    const flags = endStream ? FrameFlag.EndStream : 0;
    const payload = writeFrameHeader(this.#output.bytes, position, count, FrameType.Data, flags, stream.id);
    copyBytes(item.bytes, item.sentBytes, item.sentBytes + count, this.#output.bytes, payload);
    item.sentBytes += count;
    this.#queuedBytes -= count;
    this.#window -= count;
    stream.sendWindowDelta -= count;
  }
}

/** `slice` of a Buffer would be a view of the memory, which its owner uses again. */
function copyOf(bytes: Uint8Array, start: number, end: number): Uint8Array {
  return new Uint8Array(bytes.subarray(start, end));
}
