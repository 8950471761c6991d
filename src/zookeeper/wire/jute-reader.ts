import { MalformedReplyError } from '../zookeeper-error.ts';

const STRINGS_MAX = 1_000_000;

/** Reads jute from one frame. @throws MalformedReplyError where the frame ends too early or says what cannot be */
export class JuteReader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(frame: Buffer) {
    this.#bytes = frame;
  }

  get remaining(): number {
    return this.#bytes.length - this.#at;
  }

  int(): number {
    return this.#bytes.readInt32BE(this.#advance(4));
  }

  long(): bigint {
    return this.#bytes.readBigInt64BE(this.#advance(8));
  }

  bool(): boolean {
    return this.#bytes[this.#advance(1)] !== 0;
  }

  /** A copy: frames are parts of what came from the socket, which would be kept as long as they. Null reads as empty. */
  buffer(): Buffer {
    const length = Math.max(0, this.int());
    const at = this.#advance(length);
    return Buffer.from(this.#bytes.subarray(at, at + length));
  }

  string(): string {
    const length = Math.max(0, this.int());
    const at = this.#advance(length);
    return this.#bytes.toString('utf8', at, at + length);
  }

  strings(): string[] {
    const count = Math.max(0, this.int());
    if (count > STRINGS_MAX || count * 4 > this.remaining)
      throw new MalformedReplyError(`a list of ${count} does not fit into ${this.remaining} bytes`);
    return Array.from({ length: count }, () => this.string());
  }

  #advance(length: number): number {
    if (length > this.remaining)
      throw new MalformedReplyError(`${length} bytes are expected where ${this.remaining} are left`);
    const at = this.#at;
    this.#at += length;
    return at;
  }
}
