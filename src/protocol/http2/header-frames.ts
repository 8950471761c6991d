import { Limits } from '../../base/limits.ts';
import type { ConnectionEnd } from './connection-end.ts';
import { Http2Error } from './error-code.ts';
import { FrameFlag, readUint32, WINDOW_MAX } from './frame.ts';

const PRIORITY_BYTES = 5;

/** Where whole header blocks go. */
export interface HeaderBlockSink {
  /** `selfDependent`: the frame made its stream depend on itself, which makes the request malformed. */
  headerBlock(
    streamId: number,
    bytes: Uint8Array,
    start: number,
    end: number,
    endStream: boolean,
    selfDependent: boolean,
  ): void;
}

/**
 * Header blocks out of HEADERS and CONTINUATION frames (RFC 9113 sections 4.3, 6.2 and 6.10). Most blocks come in
 * one frame and are handed on where they lie.
 */
export class HeaderFrames {
  /** The stream whose block is not complete yet; 0 when there is none. */
  openStream = 0;
  readonly #end: ConnectionEnd;
  readonly #sink: HeaderBlockSink;
  #endStream = false;
  #selfDependent = false;
  #parts: Buffer[] = [];
  #bytes = 0;

  constructor(end: ConnectionEnd, sink: HeaderBlockSink) {
    this.#end = end;
    this.#sink = sink;
  }

  headers(bytes: Buffer, start: number, end: number, flags: number, id: number): void {
    if ((id & 1) === 0)
      return this.#end.fail(Http2Error.ProtocolError, 'HEADERS on a stream that a client cannot open');
    const priorityBytes = (flags & FrameFlag.Priority) === 0 ? 0 : PRIORITY_BYTES;
    const padLengthBytes = (flags & FrameFlag.Padded) === 0 ? 0 : 1;
    // Section 4.2: too small to contain mandatory frame data.
    if (end - start < padLengthBytes + priorityBytes)
      return this.#end.fail(Http2Error.FrameSizeError, 'HEADERS of a wrong length');
    const padding = padLengthBytes === 0 ? 0 : bytes[start]!;
    const priority = start + padLengthBytes;
    const fragment = priority + priorityBytes;
    if (fragment + padding > end)
      return this.#end.fail(Http2Error.ProtocolError, 'padding exceeds the frame');
    // RFC 7540 section 5.3.1 makes a stream that depends on itself a stream error; RFC 9113 has dropped priorities.
    const selfDependent = priorityBytes > 0 && (readUint32(bytes, priority) & WINDOW_MAX) === id;
    const endStream = (flags & FrameFlag.EndStream) !== 0;
    if ((flags & FrameFlag.EndHeaders) !== 0)
      return this.#sink.headerBlock(id, bytes, fragment, end - padding, endStream, selfDependent);
    this.openStream = id;
    this.#endStream = endStream;
    this.#selfDependent = selfDependent;
    this.#keep(bytes, fragment, end - padding);
  }

  continuation(bytes: Buffer, start: number, end: number, flags: number): void {
    const id = this.openStream;
    if (id === 0) return this.#end.fail(Http2Error.ProtocolError, 'CONTINUATION without HEADERS');
    this.#keep(bytes, start, end);
    // Bounded in bytes and, as empty fragments cost nothing to send, in frames.
    if (this.#bytes > Limits.headerBlockBytesMax || this.#parts.length > Limits.headerBlockFramesMax)
      return this.#end.fail(Http2Error.EnhanceYourCalm, 'header block too long');
    if ((flags & FrameFlag.EndHeaders) === 0) return;
    const block = Buffer.concat(this.#parts, this.#bytes);
    this.openStream = 0;
    this.#parts = [];
    this.#bytes = 0;
    this.#sink.headerBlock(id, block, 0, block.length, this.#endStream, this.#selfDependent);
  }

  #keep(bytes: Buffer, start: number, end: number): void {
    this.#bytes += end - start;
    this.#parts.push(Buffer.from(bytes.subarray(start, end)));
  }
}
