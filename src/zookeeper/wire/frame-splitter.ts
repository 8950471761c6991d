import { MalformedReplyError } from '../zookeeper-error.ts';

const LENGTH_BYTES = 4;

/** Cuts what arrives into frames: four bytes of length, and so many of content. */
export class FrameSplitter {
  readonly #frameBytesMax: number;
  readonly #take: (frame: Buffer) => void;
  /** What came of a frame that is not complete, and of how many bytes. */
  #parts: Buffer[] = [];
  #partsBytes = 0;

  /** @param take is given each frame without its length, as a view of what arrived */
  constructor(frameBytesMax: number, take: (frame: Buffer) => void) {
    this.#frameBytesMax = frameBytesMax;
    this.#take = take;
  }

  /** @throws MalformedReplyError when a frame is longer than may be */
  push(bytes: Buffer): void {
    let rest = this.#joined(bytes);
    while (rest !== null && rest.length >= LENGTH_BYTES) {
      const end = this.#frameEnd(rest);
      if (rest.length < end) break;
      this.#take(rest.subarray(LENGTH_BYTES, end));
      rest = rest.length === end ? null : rest.subarray(end);
    }
    if (rest !== null) this.#keep(rest);
  }

  /** Null as long as a frame that has begun is not complete: joining at every chunk would copy a large one over and over. */
  #joined(bytes: Buffer): Buffer | null {
    if (this.#partsBytes === 0) return bytes;
    this.#keep(bytes);
    const first = this.#parts[0]!;
    if (first.length >= LENGTH_BYTES && this.#partsBytes < this.#frameEnd(first)) return null;
    const joined = Buffer.concat(this.#parts, this.#partsBytes);
    this.#parts = [];
    this.#partsBytes = 0;
    return joined;
  }

  #keep(bytes: Buffer): void {
    this.#parts.push(bytes);
    this.#partsBytes += bytes.length;
  }

  #frameEnd(bytes: Buffer): number {
    const length = bytes.readInt32BE(0);
    if (length < 0 || length > this.#frameBytesMax)
      throw new MalformedReplyError(`a frame of ${length} bytes; the limit is ${this.#frameBytesMax}`);
    return LENGTH_BYTES + length;
  }
}
