import { type HeaderSink, HpackDecoder } from '../../src/protocol/hpack/decoder.ts';

const LIST_BYTES_MAX = 64 * 1024;
const BLOCKS_MAX = 8;

/** What a block without `grpc-status` reads as: the head of a reply that goes on. */
export const NO_STATUS = -1;

/**
 * Reads `grpc-status` out of the header blocks of one connection's replies. Blocks that were seen before and left the
 * dynamic table alone are compared, not decoded.
 */
export class ReplyStatus implements HeaderSink {
  readonly #decoder = new HpackDecoder(4096);
  readonly #blocks: Uint8Array[] = [];
  readonly #statuses: number[] = [];
  #generation = 0;
  #next = 0;
  #status = NO_STATUS;

  read(bytes: Uint8Array, start: number, end: number): number {
    for (let i = 0; i < this.#blocks.length; i++) {
      const block = this.#blocks[i]!;
      if (block.length !== end - start) continue;
      let same = 0;
      while (same < block.length && block[same] === bytes[start + same]) same++;
      if (same === block.length) return this.#statuses[i]!;
    }
    return this.#decode(bytes, start, end);
  }

  header(name: string, value: string): void {
    if (name === 'grpc-status') this.#status = Number(value);
  }

  #decode(bytes: Uint8Array, start: number, end: number): number {
    this.#status = NO_STATUS;
    const error = this.#decoder.decode(bytes, start, end, LIST_BYTES_MAX, this);
    if (error !== null) throw new Error(`header block of a reply: ${error}`);
    if (this.#decoder.generation !== this.#generation) {
      this.#generation = this.#decoder.generation;
      this.#blocks.length = 0;
      this.#next = 0;
    } else {
      this.#blocks[this.#next] = bytes.slice(start, end);
      this.#statuses[this.#next] = this.#status;
      this.#next = (this.#next + 1) % BLOCKS_MAX;
    }
    return this.#status;
  }
}
