/** A piece of output: `bytes[0, length)` are to be written to the socket. */
export interface OutputChunk {
  readonly bytes: Buffer;
  length: number;
}

const CHUNK_BYTES = 16 * 1024;

/**
 * Chunks that idle connections do not hold: a connection takes one when it has something to say and gives it back
 * when the socket has written it. So ten thousand idle connections cost no output memory, and a busy one allocates none.
 */
export class ChunkPool {
  readonly #free: OutputChunk[] = [];
  readonly #keepMax: number;

  constructor(keepMax = 256) {
    this.#keepMax = keepMax;
  }

  take(bytesMin: number): OutputChunk {
    if (bytesMin > CHUNK_BYTES) return { bytes: Buffer.allocUnsafeSlow(bytesMin), length: 0 };
    return this.#free.pop() ?? { bytes: Buffer.allocUnsafeSlow(CHUNK_BYTES), length: 0 };
  }

  giveBack(chunk: OutputChunk): void {
    if (chunk.bytes.length !== CHUNK_BYTES || this.#free.length >= this.#keepMax) return;
    chunk.length = 0;
    this.#free.push(chunk);
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
    if (chunk === null || chunk.bytes.length - chunk.length < count) {
      if (chunk !== null) {
        this.#full ??= [];
        this.#full.push(chunk);
      }
      chunk = this.#pool.take(count);
      this.#current = chunk;
      this.bytes = chunk.bytes;
    }
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
    if (chunk !== null) this.#totalBytes -= chunk.length;
    return chunk;
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
