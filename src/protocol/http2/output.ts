/** A piece of output: `bytes[0, length)` are to be written to the socket. */
export interface OutputChunk {
  readonly bytes: Buffer;
  length: number;
}

/** What a connection of one client has to say at a time, and that of many. */
const SMALL_CHUNK_BYTES = 1024;
const CHUNK_BYTES = 16 * 1024;

/**
 * Chunks that idle connections do not hold: a connection takes one when it has something to say and gives it back
 * when the socket has written it. So ten thousand idle connections cost no output memory, and a busy one allocates none.
 * There are two sizes, because ten thousand that all have a reply at once should not take a large one each.
 */
export class ChunkPool {
  readonly #free: OutputChunk[] = [];
  readonly #freeSmall: OutputChunk[] = [];
  readonly #keepMax: number;

  /** @param keepMax how many unused chunks of each size are kept */
  constructor(keepMax = 256) {
    this.#keepMax = keepMax;
  }

  /** A chunk with room for `bytesMin`, of the smallest size that has it. */
  take(bytesMin: number): OutputChunk {
    const bytes = bytesMin <= SMALL_CHUNK_BYTES ? SMALL_CHUNK_BYTES : Math.max(bytesMin, CHUNK_BYTES);
    return this.#freeOf(bytes)?.pop() ?? { bytes: Buffer.allocUnsafeSlow(bytes), length: 0 };
  }

  giveBack(chunk: OutputChunk): void {
    const free = this.#freeOf(chunk.bytes.length);
    if (free === null || free.length >= this.#keepMax) return;
    chunk.length = 0;
    free.push(chunk);
  }

  #freeOf(bytes: number): OutputChunk[] | null {
    if (bytes === CHUNK_BYTES) return this.#free;
    return bytes === SMALL_CHUNK_BYTES ? this.#freeSmall : null;
  }
}

/**
 * What one connection has to write, gathered while a batch of events is worked on and handed to the socket once at
 * its end. The owner of the socket takes the chunks; nothing here knows it.
 */
export class Output {
  /** Valid after `reserve`: where the reserved bytes go. */
  bytes: Buffer = EMPTY;
  readonly #pool: ChunkPool;
  #current: OutputChunk | null = null;
  #full: OutputChunk[] | null = null;
  #totalBytes = 0;
  /** What the chunk that was taken last had in it. */
  #lastBytes = 0;

  constructor(pool: ChunkPool) {
    this.#pool = pool;
  }

  /** Bytes gathered and not yet taken. */
  get totalBytes(): number {
    return this.#totalBytes;
  }

  /** Makes room for exactly `count` bytes, which the caller must then fill, and returns their position in `bytes`. */
  reserve(count: number): number {
    let chunk = this.#current;
    if (chunk === null || chunk.bytes.length - chunk.length < count) chunk = this.#takeFor(chunk, count);
    const position = chunk.length;
    chunk.length = position + count;
    this.#totalBytes += count;
    return position;
  }

  /** Appends a copy of `source[start, end)`. */
  append(source: Uint8Array, start: number, end: number): void {
    const position = this.reserve(end - start);
    copyBytes(source, start, end, this.bytes, position);
  }

  /** Hands the oldest chunk to the caller, who gives it back to the pool once written; null when there is none left. */
  takeChunk(): OutputChunk | null {
    let chunk: OutputChunk | null;
    if (this.#full !== null) {
      chunk = this.#full.shift() ?? null;
      if (this.#full.length === 0) this.#full = null;
    } else {
      chunk = this.#current;
      this.#current = null;
      this.bytes = EMPTY;
    }
    if (chunk !== null) {
      this.#totalBytes -= chunk.length;
      this.#lastBytes = chunk.length;
    }
    return chunk;
  }

  /** Goes on in another chunk than `chunk`, which has no room for `count` bytes. */
  #takeFor(chunk: OutputChunk | null, count: number): OutputChunk {
    let next: OutputChunk;
    if (chunk === null) {
      // Who had much to say has much to say again.
      next = this.#pool.take(Math.max(count, Math.min(this.#lastBytes, CHUNK_BYTES)));
    } else if (chunk.bytes.length === SMALL_CHUNK_BYTES) {
      // One chunk is cheaper to write than two.
      const { length } = chunk;
      next = this.#pool.take(length + Math.max(count, SMALL_CHUNK_BYTES));
      chunk.bytes.copy(next.bytes, 0, 0, length);
      next.length = length;
      this.#pool.giveBack(chunk);
    } else {
      this.#full ??= [];
      this.#full.push(chunk);
      next = this.#pool.take(Math.max(count, CHUNK_BYTES));
    }
    this.#current = next;
    this.bytes = next.bytes;
    return next;
  }
}

const EMPTY = Buffer.alloc(0);

/**
 * Copies `source[start, end)` to `target` at `position`. A loop costs more than a nanosecond for each byte; what `set`
 * and its view cost is about the same for all lengths that occur, and less than that from some thirty bytes on.
 */
export function copyBytes(
  source: Uint8Array,
  start: number,
  end: number,
  target: Uint8Array,
  position: number,
): void {
  const count = end - start;
  if (count > COPY_LOOP_BYTES_MAX) {
    target.set(source.subarray(start, end), position);
    return;
  }
  for (let i = 0; i < count; i++) target[position + i] = source[start + i]!;
}

const COPY_LOOP_BYTES_MAX = 32;
