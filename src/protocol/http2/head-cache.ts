import { Limits } from '../../base/limits.ts';
import { HpackDecoder } from '../hpack/decoder.ts';
import type { HpackError } from '../hpack/hpack-error.ts';
import { RequestHead } from './request-head.ts';

/** How many different header blocks a connection remembers, and the longest one worth remembering. */
const ENTRIES_MAX = 8;
const BLOCK_BYTES_MAX = 64;

interface CachedHead<Plan> {
  readonly block: Uint8Array;
  readonly head: RequestHead<Plan>;
}

/**
 * Turns header blocks into request heads. A gRPC client sends the same few fields with every call, and from the
 * second call on its encoder writes them as the same few index bytes. As long as the dynamic table did not change
 * in between, equal bytes mean equal fields, so the head of the first one serves for all: no decoding, no strings.
 */
export class HeadCache<Plan> {
  readonly #decoder = new HpackDecoder(Limits.headerTableBytesMax);
  #entries: CachedHead<Plan>[] = [];
  #next = 0;
  #error: HpackError | null = null;

  /** What was wrong with the block that `read` or `readTrailers` could not decode. */
  get error(): HpackError | null {
    return this.#error;
  }

  /** The head of a request's header block, or null when the block is not HPACK: a connection error. */
  read(bytes: Uint8Array, start: number, end: number): RequestHead<Plan> | null {
    return this.#find(bytes, start, end) ?? this.#decode(bytes, start, end);
  }

  /** Decodes trailers, which keep the dynamic table in step but are not otherwise used. */
  readTrailers(bytes: Uint8Array, start: number, end: number): RequestHead<Plan> | null {
    return this.#decodeInto(new RequestHead<Plan>(true), bytes, start, end);
  }

  #find(bytes: Uint8Array, start: number, end: number): RequestHead<Plan> | null {
    const length = end - start;
    for (let i = 0; i < this.#entries.length; i++) {
      const { block, head } = this.#entries[i]!;
      if (block.length !== length) continue;
      let same = 0;
      while (same < length && block[same] === bytes[start + same]) same++;
      if (same === length) return head;
    }
    return null;
  }

  #decode(bytes: Uint8Array, start: number, end: number): RequestHead<Plan> | null {
    const generation = this.#decoder.generation;
    const head = this.#decodeInto(new RequestHead<Plan>(), bytes, start, end);
    // A block that changed the table will not mean the same again.
    const repeatable = this.#decoder.generation === generation && end - start <= BLOCK_BYTES_MAX;
    if (head !== null && repeatable) {
      // A copy, which `slice` of a Buffer is not: the block would keep all that was read with it.
      const entry = { block: new Uint8Array(bytes.subarray(start, end)), head };
      // An array that is made anew has no room for more than it holds; most connections remember two blocks.
      if (this.#next < this.#entries.length) this.#entries[this.#next] = entry;
      else this.#entries = [...this.#entries, entry];
      this.#next = (this.#next + 1) % ENTRIES_MAX;
    }
    return head;
  }

  #decodeInto(
    head: RequestHead<Plan>,
    bytes: Uint8Array,
    start: number,
    end: number,
  ): RequestHead<Plan> | null {
    const generation = this.#decoder.generation;
    this.#error = this.#decoder.decode(bytes, start, end, Limits.headerListBytesMax, head);
    if (this.#decoder.generation !== generation) {
      // The table is another one, so the blocks seen before may mean something else now.
      this.#entries = [];
      this.#next = 0;
    }
    if (this.#error !== null) return null;
    head.tooLarge = this.#decoder.listTooLarge;
    head.finish();
    return head;
  }
}
