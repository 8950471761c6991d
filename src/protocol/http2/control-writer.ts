import type { Http2Error } from './error-code.ts';
import { FRAME_HEADER_BYTES, FrameFlag, FrameType, writeFrameHeader, writeUint32 } from './frame.ts';
import type { Output } from './output.ts';
import { SERVER_PREFACE, SETTINGS_ACK } from './settings.ts';

export const PING_PAYLOAD_BYTES = 8;

/** The first half of the payload of our PINGs, by which their answers are told apart. */
export const PingKind = { Keepalive: 0x6b616c76, Drain: 0x6472616e } as const;

/** Writes the frames that are not subject to flow control and belong to no reply. */
export class ControlWriter {
  readonly #output: Output;
  #prefaceWritten = false;

  constructor(output: Output) {
    this.#output = output;
  }

  /** What a server says before anything else; said once. */
  preface(): void {
    if (this.#prefaceWritten) return;
    this.#prefaceWritten = true;
    this.#output.append(SERVER_PREFACE, 0, SERVER_PREFACE.length);
  }

  raw(bytes: Uint8Array): void {
    this.#output.append(bytes, 0, bytes.length);
  }

  settingsAck(): void {
    this.#output.append(SETTINGS_ACK, 0, SETTINGS_ACK.length);
  }

  /** RST_STREAM or WINDOW_UPDATE: a frame of 32 bits. */
  frame32(type: number, streamId: number, value: number): void {
    const position = this.#output.reserve(FRAME_HEADER_BYTES + 4);
    const payload = writeFrameHeader(this.#output.bytes, position, 4, type, 0, streamId);
    writeUint32(this.#output.bytes, payload, value);
  }

  ping(kind: number): void {
    const payload = this.#pingHeader(0);
    writeUint32(this.#output.bytes, writeUint32(this.#output.bytes, payload, kind), 0);
  }

  /** Answers a PING with its own payload. */
  pong(bytes: Buffer, start: number): void {
    const payload = this.#pingHeader(FrameFlag.Ack);
    bytes.copy(this.#output.bytes, payload, start, start + PING_PAYLOAD_BYTES);
  }

  /** `text` is ASCII, for whoever reads the peer's log. */
  goAway(lastStreamId: number, error: Http2Error, text: string): void {
    const payloadBytes = 8 + text.length;
    const position = this.#output.reserve(FRAME_HEADER_BYTES + payloadBytes);
    const out = this.#output.bytes;
    let next = writeFrameHeader(out, position, payloadBytes, FrameType.GoAway, 0, 0);
    next = writeUint32(out, next, lastStreamId);
    next = writeUint32(out, next, error);
    out.write(text, next, 'latin1');
  }

  #pingHeader(flags: number): number {
    const position = this.#output.reserve(FRAME_HEADER_BYTES + PING_PAYLOAD_BYTES);
    return writeFrameHeader(this.#output.bytes, position, PING_PAYLOAD_BYTES, FrameType.Ping, flags, 0);
  }
}
