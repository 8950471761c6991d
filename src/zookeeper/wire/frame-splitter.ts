import { MalformedReplyError } from '../zookeeper-error.ts';

const LENGTH_BYTES = 4;

/** Cuts what arrives into frames: four bytes of length, and so many of content. */
export class FrameSplitter {
  readonly #frameBytesMax: number;
  readonly #take: (bytes: Buffer, start: number, end: number) => void;
  /** What came of a frame that is not complete, and of how many bytes. */
  #parts: Buffer[] = [];
  #partsBytes = 0;

  /** @param take is given each frame without its length, as a part of bytes that are its own only during the call */
  constructor(frameBytesMax: number, take: (bytes: Buffer, start: number, end: number) => void) {
    this.#frameBytesMax = frameBytesMax;
    this.#take = take;
  }

  /**
   * @param bytes may be written over afterwards
   * @param length how many of them have arrived
   * @throws MalformedReplyError when a frame is longer than may be
   */
  push(bytes: Buffer, length = bytes.length): void {
    if (this.#partsBytes === 0) return this.#split(bytes, length);
    this.#keep(bytes.subarray(0, length));
    const joined = this.#joined();
    if (joined !== null) this.#split(joined, joined.length);
  }

  #split(bytes: Buffer, length: number): void {
    let at = 0;
    while (length - at >= LENGTH_BYTES) {
      const end = at + LENGTH_BYTES + this.#contentBytes(bytes, at);
      if (length < end) break;
      this.#take(bytes, at + LENGTH_BYTES, end);
      at = end;
    }
    if (at < length) this.#keep(bytes.subarray(at, length));
  }

  /** Null as long as a frame that has begun is not complete: joining at every chunk would copy a large one over and over. */
  #joined(): Buffer | null {
    const first = this.#parts[0]!;
    if (first.length >= LENGTH_BYTES && this.#partsBytes < LENGTH_BYTES + this.#contentBytes(first, 0))
      return null;
    const joined = Buffer.concat(this.#parts, this.#partsBytes);
    this.#parts = [];
    this.#partsBytes = 0;
    return joined;
  }

  #keep(bytes: Buffer): void {
    this.#parts.push(Buffer.from(bytes));
    this.#partsBytes += bytes.length;
  }

  #contentBytes(bytes: Buffer, at: number): number {
    const length = bytes.readInt32BE(at);
    if (length < 0 || length > this.#frameBytesMax)
      throw new MalformedReplyError(`a frame of ${length} bytes; the limit is ${this.#frameBytesMax}`);
    return length;
  }
}
