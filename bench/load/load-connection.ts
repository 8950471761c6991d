import { Buffer } from 'node:buffer';
import type { Socket } from 'node:net';
import {
  CLIENT_PREFACE,
  FRAME_HEADER_BYTES,
  FrameFlag,
  FrameType,
  readUint32,
  writeFrameHeader,
  writeUint32,
} from '../../src/protocol/http2/frame.ts';
import type { CallSlot } from './call-slot.ts';
import { readReply } from './read-reply.ts';
import { NO_STATUS, ReplyStatus } from './reply-status.ts';
import type { RequestHeads } from './request-heads.ts';

/** Decides what the slots of connections do. */
export interface Workload {
  /** The call of this slot has ended with a gRPC status. It may `send` the slot again at once. */
  answered(connection: LoadConnection, slot: CallSlot, status: number): void;
}

const OUT_BYTES = 64 * 1024;
const MESSAGE_PREFIX_BYTES = 5;
const INITIAL_WINDOW_BYTES = 1 << 20;
const CONNECTION_WINDOW_BYTES = 1 << 28;
const SETTINGS_INITIAL_WINDOW_SIZE = 4;
const CANCEL = 8;

/**
 * A client's connection as raw HTTP/2 frames, so that generating load costs little beside serving it: header blocks
 * are made once, slots are used again, and what a read brought is answered in one write.
 *
 * It does not heed the server's flow-control windows: what is in flight at a time has to stay far below 64 KiB.
 */
export class LoadConnection {
  readonly id: number;
  /** The time of the batch of frames that is being worked on, in milliseconds. */
  nowMs = 0;
  /** Calls in flight. */
  inFlight = 0;
  readonly #socket: Socket;
  readonly #heads: RequestHeads;
  readonly #workload: Workload;
  readonly #withTokens: boolean;
  readonly #statuses = new ReplyStatus();
  readonly #cancelled = new Set<number>();
  readonly #mask: number;
  readonly #slots: (CallSlot | null)[];
  readonly #strays = new Map<number, CallSlot>();
  #out: Buffer;
  #outBytes = 0;
  #rest: Buffer | null = null;
  #nextStream = 1;
  #unacknowledgedBytes = 0;

  /**
   * @param inFlightMax how many calls will be in flight; more are found more slowly
   * @param withTokens whether fencing tokens are read from the replies
   */
  constructor(
    id: number,
    socket: Socket,
    heads: RequestHeads,
    workload: Workload,
    inFlightMax: number,
    withTokens = false,
  ) {
    this.id = id;
    this.#socket = socket;
    this.#heads = heads;
    this.#workload = workload;
    this.#withTokens = withTokens;
    const places = Math.min(32_768, 2 ** Math.ceil(Math.log2(inFlightMax * 16)));
    this.#mask = places - 1;
    this.#slots = new Array(places).fill(null);
    this.#out = Buffer.allocUnsafeSlow(inFlightMax > 1 ? OUT_BYTES : 1024);
    this.#writePreface();
  }

  /** Sends the slot's call. It leaves with the next `flush`, which follows by itself within `receive`. */
  send(slot: CallSlot): void {
    const stream = this.#nextStream;
    this.#nextStream += 2;
    slot.stream = stream;
    slot.sentMs = this.nowMs;
    this.inFlight++;
    const place = (stream >>> 1) & this.#mask;
    if (this.#slots[place] === null) this.#slots[place] = slot;
    else this.#strays.set(stream, slot);
    this.#writeRequest(slot, stream);
  }

  /**
   * Gives the slot's call up. Its reply may be on the way: then it is `answered` all the same, and a lock that it
   * grants has to be given back. Otherwise nothing more is heard of it, so the slot cannot be used until then.
   */
  cancel(slot: CallSlot): void {
    const out = this.#reserve(FRAME_HEADER_BYTES + 4);
    const payload = writeFrameHeader(this.#out, out, 4, FrameType.RstStream, 0, slot.stream);
    writeUint32(this.#out, payload, CANCEL);
    this.#cancelled.add(slot.stream);
    this.inFlight--;
  }

  /** Takes bytes from the socket. They are not kept. */
  receive(chunk: Buffer, bytes: number, nowMs: number): void {
    this.nowMs = nowMs;
    let data = chunk;
    let end = bytes;
    if (this.#rest !== null) {
      data = Buffer.concat([this.#rest, chunk.subarray(0, bytes)]);
      end = data.length;
      this.#rest = null;
    }
    let position = 0;
    while (end - position >= FRAME_HEADER_BYTES) {
      const length = (data[position]! << 16) | (data[position + 1]! << 8) | data[position + 2]!;
      const next = position + FRAME_HEADER_BYTES + length;
      if (next > end) break;
      this.#frame(data, position, next);
      position = next;
    }
    if (position < end) this.#rest = Buffer.from(data.subarray(position, end));
    this.flush();
  }

  /** Writes what was gathered. */
  flush(): void {
    if (this.#outBytes === 0 || !this.#socket.writable) return;
    this.#socket.write(this.#out.subarray(0, this.#outBytes));
    this.#outBytes = 0;
    // Usually the kernel has taken all of it already; otherwise the memory belongs to the socket for a while.
    if (this.#socket.writableLength > 0) this.#out = Buffer.allocUnsafeSlow(this.#out.length);
  }

  /** Ends the connection at once, with whatever is in flight or held. */
  destroy(): void {
    this.#socket.destroy();
  }

  #frame(data: Buffer, start: number, end: number): void {
    const type = data[start + 3]!;
    const flags = data[start + 4]!;
    const stream = readUint32(data, start + 5) & 0x7fff_ffff;
    const payload = start + FRAME_HEADER_BYTES;
    switch (type) {
      case FrameType.Data:
        return this.#data(data, payload, end, stream);
      case FrameType.Headers:
        return this.#headers(data, payload, end, flags, stream);
      case FrameType.Settings:
        if ((flags & FrameFlag.Ack) === 0) this.#control(FrameType.Settings, FrameFlag.Ack, data, end, end);
        return;
      case FrameType.Ping:
        if ((flags & FrameFlag.Ack) === 0) this.#control(FrameType.Ping, FrameFlag.Ack, data, payload, end);
        return;
      case FrameType.RstStream:
        // RFC 9113 section 8.1: an answer before the end of the request is followed by a reset without an error.
        if (this.#find(stream) === null || this.#cancelled.delete(stream)) return;
        throw new Error(`RST_STREAM with code ${readUint32(data, payload)}`);
      case FrameType.GoAway:
        throw new Error(`GOAWAY with code ${readUint32(data, payload + 4)}`);
      default:
    }
  }

  #data(data: Buffer, start: number, end: number, stream: number): void {
    this.#unacknowledgedBytes += end - start;
    if (this.#unacknowledgedBytes > CONNECTION_WINDOW_BYTES / 4) {
      this.#windowUpdate(this.#unacknowledgedBytes);
      this.#unacknowledgedBytes = 0;
    }
    const slot = this.#find(stream);
    if (slot === null) throw new Error(`data on stream ${stream}, which is not open`);
    if (end - start > MESSAGE_PREFIX_BYTES) {
      readReply(slot, data, start + MESSAGE_PREFIX_BYTES, end, this.#withTokens);
    }
  }

  #headers(data: Buffer, start: number, end: number, flags: number, stream: number): void {
    const status = this.#statuses.read(data, start, end);
    if ((flags & FrameFlag.EndStream) === 0) return;
    const slot = this.#find(stream);
    if (slot === null) throw new Error(`a reply on stream ${stream}, which is not open`);
    if (status === NO_STATUS) throw new Error('trailers without grpc-status');
    this.#forget(slot);
    this.#workload.answered(this, slot, status);
  }

  #find(stream: number): CallSlot | null {
    const slot = this.#slots[(stream >>> 1) & this.#mask]!;
    if (slot !== null && slot.stream === stream) return slot;
    return this.#strays.get(stream) ?? null;
  }

  #forget(slot: CallSlot): void {
    const place = (slot.stream >>> 1) & this.#mask;
    if (this.#slots[place] === slot) this.#slots[place] = null;
    else this.#strays.delete(slot.stream);
    if (!this.#cancelled.delete(slot.stream)) this.inFlight--;
    slot.stream = 0;
  }

  #writePreface(): void {
    const settingsBytes = 6;
    let position = this.#reserve(CLIENT_PREFACE.length + FRAME_HEADER_BYTES + settingsBytes);
    position += CLIENT_PREFACE.copy(this.#out, position);
    position = writeFrameHeader(this.#out, position, settingsBytes, FrameType.Settings, 0, 0);
    this.#out[position] = 0;
    this.#out[position + 1] = SETTINGS_INITIAL_WINDOW_SIZE;
    writeUint32(this.#out, position + 2, INITIAL_WINDOW_BYTES);
    this.#windowUpdate(CONNECTION_WINDOW_BYTES);
  }

  #windowUpdate(bytes: number): void {
    const position = this.#reserve(FRAME_HEADER_BYTES + 4);
    const payload = writeFrameHeader(this.#out, position, 4, FrameType.WindowUpdate, 0, 0);
    writeUint32(this.#out, payload, bytes);
  }

  #control(type: number, flags: number, source: Buffer, start: number, end: number): void {
    const position = this.#reserve(FRAME_HEADER_BYTES + end - start);
    const payload = writeFrameHeader(this.#out, position, end - start, type, flags, 0);
    source.copy(this.#out, payload, start, end);
  }

  #writeRequest(slot: CallSlot, stream: number): void {
    const block = this.#heads.next(slot.method);
    const unlocks = slot.method === 'Unlock';
    const fixed = unlocks ? slot.name.nameField : slot.name.lockMessage;
    const messageBytes = fixed.length + (unlocks ? 2 + slot.keyBytes : 0);
    let position = this.#reserve(2 * FRAME_HEADER_BYTES + block.length + MESSAGE_PREFIX_BYTES + messageBytes);
    const out = this.#out;
    position = writeFrameHeader(out, position, block.length, FrameType.Headers, FrameFlag.EndHeaders, stream);
    for (let i = 0; i < block.length; i++) out[position++] = block[i]!;
    const dataBytes = MESSAGE_PREFIX_BYTES + messageBytes;
    position = writeFrameHeader(out, position, dataBytes, FrameType.Data, FrameFlag.EndStream, stream);
    out[position++] = 0;
    position = writeUint32(out, position, messageBytes);
    for (let i = 0; i < fixed.length; i++) out[position++] = fixed[i]!;
    if (!unlocks) return;
    out[position++] = UNLOCK_KEY_TAG;
    out[position++] = slot.keyBytes;
    for (let i = 0; i < slot.keyBytes; i++) out[position++] = slot.key[i]!;
  }

  #reserve(bytes: number): number {
    if (this.#outBytes + bytes > this.#out.length) this.flush();
    const position = this.#outBytes;
    this.#outBytes = position + bytes;
    return position;
  }
}

const UNLOCK_KEY_TAG = 0x12;
