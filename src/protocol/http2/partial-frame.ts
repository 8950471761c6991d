import { FRAME_HEADER_BYTES } from './frame.ts';

const FIRST_BYTES = 512;

/**
 * A frame that arrives in pieces. Its buffer grows with what has arrived, not with what the header announces, so
 * that a peer cannot reserve 16 KiB with nine bytes; each byte is copied a constant number of times, also when
 * they come one by one.
 */
export class PartialFrame {
  #bytes = Buffer.allocUnsafeSlow(FIRST_BYTES);
  #length = 0;

  /** What has arrived so far. */
  get bytes(): Buffer {
    return this.#bytes.subarray(0, this.#length);
  }

  /**
   * Takes from `chunk[start, end)` what the frame still lacks and returns the position behind it. The frame is
   * whole when `isWhole` says so; until then everything was taken.
   */
  fill(chunk: Buffer, start: number, end: number): number {
    let position = start;
    if (this.#length < FRAME_HEADER_BYTES) position = this.#take(chunk, position, end, FRAME_HEADER_BYTES);
    if (this.#length >= FRAME_HEADER_BYTES) position = this.#take(chunk, position, end, this.#wantedBytes());
    return position;
  }

  isWhole(): boolean {
    return this.#length >= FRAME_HEADER_BYTES && this.#length === this.#wantedBytes();
  }

  /** The payload length that the header announces, -1 while the header itself is incomplete. */
  payloadBytes(): number {
    return this.#length < 3 ? -1 : this.#bytes.readUIntBE(0, 3);
  }

  #wantedBytes(): number {
    return FRAME_HEADER_BYTES + this.#bytes.readUIntBE(0, 3);
  }

  #take(chunk: Buffer, start: number, end: number, wantedBytes: number): number {
    const count = Math.min(end - start, wantedBytes - this.#length);
    this.#reserve(this.#length + count);
    chunk.copy(this.#bytes, this.#length, start, start + count);
    this.#length += count;
    return start + count;
  }

  #reserve(bytes: number): void {
    if (bytes <= this.#bytes.length) return;
    const grown = Buffer.allocUnsafeSlow(Math.max(bytes, this.#bytes.length * 2));
    this.#bytes.copy(grown, 0, 0, this.#length);
    this.#bytes = grown;
  }
}
