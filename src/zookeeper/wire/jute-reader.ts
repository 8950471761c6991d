import { Limits } from '../../base/limits.ts';
import { MalformedReplyError } from '../zookeeper-error.ts';

const NOTHING = Buffer.alloc(0);

/** Reads jute from one frame after the other. @throws MalformedReplyError where a frame ends too early or says what cannot be */
export class JuteReader {
  #bytes: Buffer = NOTHING;
  #view: DataView = new DataView(NOTHING.buffer, NOTHING.byteOffset, 0);
  #at = 0;
  #end = 0;

  constructor(frame: Buffer = NOTHING) {
    this.begin(frame, 0, frame.length);
  }

  /** From now on it reads this part of these bytes, which nobody may write to as long as it does. */
  begin(bytes: Buffer, start: number, end: number): void {
    if (bytes !== this.#bytes) {
      this.#bytes = bytes;
      this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    }
    this.#at = start;
    this.#end = end;
  }

  get remaining(): number {
    return this.#end - this.#at;
  }

  int(): number {
    return this.#view.getInt32(this.#advance(4));
  }

  long(): bigint {
    return this.#view.getBigInt64(this.#advance(8));
  }

  /** One of which 53 bits are known to be enough. */
  safeLong(): number {
    const at = this.#advance(8);
    return this.#view.getInt32(at) * 2 ** 32 + this.#view.getUint32(at + 4);
  }

  bool(): boolean {
    return this.#bytes[this.#advance(1)] !== 0;
  }

  /** A copy: the bytes are somebody else's. Null reads as empty. */
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
    if (count > Limits.zookeeperListedMax || count * 4 > this.remaining)
      throw new MalformedReplyError(`a list of ${count} does not fit into ${this.remaining} bytes`);
    const strings: string[] = [];
    for (let i = 0; i < count; i++) strings.push(this.string());
    return strings;
  }

  #advance(length: number): number {
    if (length > this.remaining)
      throw new MalformedReplyError(`${length} bytes are expected where ${this.remaining} are left`);
    const at = this.#at;
    this.#at += length;
    return at;
  }
}
