const SLAB_BYTES = 16 * 1024;
const LENGTH_BYTES = 4;
const SHORT_LENGTH_MAX = 200;

/**
 * Writes ZooKeeper's serialization, jute: big-endian numbers, and texts and vectors behind their length. Frames are
 * gathered until they are taken, so that what belongs together leaves in one write to the socket.
 */
export class JuteWriter {
  #bytes = Buffer.allocUnsafeSlow(SLAB_BYTES);
  /** Where what has not been taken yet begins. */
  #start = 0;
  #at = 0;
  #frameAt = 0;

  get isEmpty(): boolean {
    return this.#at === this.#start;
  }

  /** A frame is its length and what follows. */
  beginFrame(): void {
    this.#frameAt = this.#reserve(LENGTH_BYTES);
  }

  endFrame(): void {
    this.#bytes.writeInt32BE(this.#at - this.#frameAt - LENGTH_BYTES, this.#frameAt);
  }

  /** How long the frame is that was written last, or is being. */
  get frameBytes(): number {
    return this.#at - this.#frameAt - LENGTH_BYTES;
  }

  /** What was begun is not sent: it cannot be encoded. */
  dropFrame(): void {
    this.#at = this.#frameAt;
  }

  int(value: number): void {
    const at = this.#reserve(4);
    this.#bytes.writeInt32BE(value, at);
  }

  long(value: bigint): void {
    const at = this.#reserve(8);
    this.#bytes.writeBigInt64BE(value, at);
  }

  bool(value: boolean): void {
    const at = this.#reserve(1);
    this.#bytes[at] = value ? 1 : 0;
  }

  buffer(value: Uint8Array): void {
    this.int(value.length);
    const at = this.#reserve(value.length);
    this.#bytes.set(value, at);
  }

  string(value: string): void {
    if (value.length <= SHORT_LENGTH_MAX && this.#shortAscii(value)) return;
    const length = Buffer.byteLength(value);
    this.int(length);
    const at = this.#reserve(length);
    this.#bytes.write(value, at, length, 'utf8');
  }

  strings(values: readonly string[]): void {
    this.int(values.length);
    for (const value of values) this.string(value);
  }

  /** All frames since the last time. They are the caller's: nothing is written over them. */
  take(): Buffer {
    const taken = this.#bytes.subarray(this.#start, this.#at);
    this.#start = this.#at;
    return taken;
  }

  /** Most texts are paths and names in ASCII, which are copied here in less time than it takes to call for it. */
  #shortAscii(value: string): boolean {
    const start = this.#at;
    const at = this.#reserve(LENGTH_BYTES + value.length) + LENGTH_BYTES;
    for (let i = 0; i < value.length; i++) {
      const code = value.charCodeAt(i);
      if (code >= 0x80) {
        this.#at = start;
        return false;
      }
      this.#bytes[at + i] = code;
    }
    this.#bytes.writeInt32BE(value.length, at - LENGTH_BYTES);
    return true;
  }

  #reserve(length: number): number {
    if (this.#at + length > this.#bytes.length) this.#grow(length);
    const at = this.#at;
    this.#at += length;
    return at;
  }

  /** What was taken may still be on its way to the socket, so the slab is left to it. */
  #grow(length: number): void {
    const kept = this.#at - this.#start;
    const bytes = Buffer.allocUnsafeSlow(Math.max(SLAB_BYTES, 2 * (kept + length)));
    this.#bytes.copy(bytes, 0, this.#start, this.#at);
    this.#frameAt -= this.#start;
    this.#bytes = bytes;
    this.#start = 0;
    this.#at = kept;
  }
}
