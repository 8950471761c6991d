import { Limits } from '../../base/limits.ts';

/**
 * A header block that spans HEADERS and CONTINUATION frames (RFC 9113 section 4.3). Most blocks come in one frame
 * and never touch the buffer here.
 */
export class HeaderBlock {
  /** True between a HEADERS frame without END_HEADERS and the CONTINUATION that ends the block. */
  open = false;
  streamId = 0;
  endStream = false;
  selfDependent = false;
  #parts: Buffer[] = [];
  #bytes = 0;
  #frames = 0;

  begin(streamId: number, endStream: boolean, selfDependent: boolean): void {
    this.open = true;
    this.streamId = streamId;
    this.endStream = endStream;
    this.selfDependent = selfDependent;
  }

  /**
   * Keeps a copy of a frame's fragment. False when the block grows beyond its limit, in bytes or, as empty
   * fragments cost nothing to send, in frames.
   */
  append(bytes: Buffer, start: number, end: number): boolean {
    this.#bytes += end - start;
    this.#frames++;
    if (this.#bytes > Limits.headerBlockBytesMax || this.#frames > FRAMES_MAX) return false;
    this.#parts.push(Buffer.from(bytes.subarray(start, end)));
    return true;
  }

  take(): Buffer {
    return Buffer.concat(this.#parts, this.#bytes);
  }

  close(): void {
    this.open = false;
    if (this.#frames === 0) return;
    this.#parts = [];
    this.#bytes = 0;
    this.#frames = 0;
  }
}

/** A block of the longest length in frames of 1 KiB. */
const FRAMES_MAX = 64;
