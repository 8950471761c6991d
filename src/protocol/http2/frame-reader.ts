import { Limits } from '../../base/limits.ts';
import { Http2Error } from './error-code.ts';
import { FRAME_HEADER_BYTES } from './frame.ts';
import { Opening, OpeningKind } from './opening.ts';
import { PartialFrame } from './partial-frame.ts';

/** Where whole frames go. */
export interface FrameSink {
  /** One frame, header included, lies in `bytes[start, end)`; valid only during the call. */
  frame(bytes: Buffer, start: number, end: number): void;
  /** The client preface was read in full: the peer speaks HTTP/2. */
  prefaceRead(): void;
  /** The connection begins with an HTTP/1 request. */
  http1Read(): void;
  /** The connection begins with something else. */
  garbageRead(): void;
  /** The bytes are no frame of HTTP/2 that we accept: the connection is at its end. */
  fail(error: Http2Error, text: string): void;
}

/**
 * Cuts what the socket gives into the client preface and frames. Frames that lie whole in a read are handed on
 * where they are; only one that spans two reads is copied.
 */
export class FrameReader {
  readonly #sink: FrameSink;
  #opening: Opening | null = new Opening();
  #partial: PartialFrame | null = null;
  #rest: Buffer | null = null;
  #paused = false;
  #stopped = false;

  constructor(sink: FrameSink) {
    this.#sink = sink;
  }

  get paused(): boolean {
    return this.#paused;
  }

  receive(chunk: Buffer): void {
    if (this.#stopped) return;
    if (this.#paused) this.#rest = this.#rest === null ? chunk : Buffer.concat([this.#rest, chunk]);
    else this.#parse(chunk);
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    const rest = this.#rest;
    this.#rest = null;
    if (rest !== null && !this.#stopped) this.#parse(rest);
  }

  /** Hands on nothing more. */
  stop(): void {
    this.#stopped = true;
    this.#rest = null;
    this.#partial = null;
  }

  #parse(chunk: Buffer): void {
    const end = chunk.length;
    let position = this.#opening === null ? 0 : this.#readOpening(this.#opening, chunk);
    if (this.#partial !== null && !this.#stopped)
      position = this.#completePartial(this.#partial, chunk, position);
    while (!this.#paused && !this.#stopped && end - position >= FRAME_HEADER_BYTES) {
      const payloadBytes = (chunk[position]! << 16) | (chunk[position + 1]! << 8) | chunk[position + 2]!;
      if (!this.#checkLength(payloadBytes)) return;
      const next = position + FRAME_HEADER_BYTES + payloadBytes;
      if (next > end) break;
      this.#sink.frame(chunk, position, next);
      position = next;
    }
    if (position < end && !this.#stopped) this.#keep(chunk, position);
  }

  /** Reads what is left of the client preface and returns the position behind it. */
  #readOpening(opening: Opening, chunk: Buffer): number {
    const position = opening.take(chunk);
    const kind = opening.kind();
    if (kind === OpeningKind.Unclear) return position;
    this.#opening = null;
    if (kind === OpeningKind.Http2) this.#sink.prefaceRead();
    else if (kind === OpeningKind.Http1) this.#sink.http1Read();
    else this.#sink.garbageRead();
    return position;
  }

  #completePartial(partial: PartialFrame, chunk: Buffer, start: number): number {
    const position = partial.fill(chunk, start, chunk.length);
    if (this.#checkLength(partial.payloadBytes()) && partial.isWhole()) {
      this.#partial = null;
      const { bytes } = partial;
      this.#sink.frame(bytes, 0, bytes.length);
    }
    return position;
  }

  #checkLength(payloadBytes: number): boolean {
    if (payloadBytes <= Limits.frameBytesMax) return true;
    this.#sink.fail(Http2Error.FrameSizeError, 'frame longer than SETTINGS_MAX_FRAME_SIZE');
    return false;
  }

  #keep(chunk: Buffer, position: number): void {
    if (this.#paused) {
      this.#rest = chunk.subarray(position);
      return;
    }
    this.#partial = new PartialFrame();
    this.#partial.fill(chunk, position, chunk.length);
  }
}
