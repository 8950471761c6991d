import type { Clock } from '../base/clock.ts';
import {
  RECORD_HEADER_BYTES,
  RING_DATA_OFFSET,
  RingWord,
  recordBytes,
  SKIP_TO_START,
} from './ring-layout.ts';

/**
 * The reading half of a ring, see {@link RingWriter}. Records are read where they lie: what `next` found stays
 * valid until `release`.
 */
export class RingReader {
  readonly bytes: Buffer;
  readonly words: Int32Array;
  readonly floats: Float64Array;
  /** The kind and payload length of the record that `next` found last. */
  kind = 0;
  length = 0;
  private readonly size: number;
  private head: number;
  private tailSeen: number;
  /** Head as the writer sees it. */
  private released: number;

  constructor(memory: SharedArrayBuffer) {
    this.bytes = Buffer.from(memory);
    this.words = new Int32Array(memory);
    this.floats = new Float64Array(memory);
    this.size = memory.byteLength - RING_DATA_OFFSET;
    this.head = Atomics.load(this.words, RingWord.Head);
    this.tailSeen = this.head;
    this.released = this.head;
  }

  /** Steps to the next record and returns the byte offset of its payload, or -1 when there is none. */
  next(): number {
    if (this.head === this.tailSeen) this.look();
    return this.nextSeen();
  }

  /** Looks for what was published since; `nextSeen` steps through what was found. */
  look(): void {
    this.tailSeen = Atomics.load(this.words, RingWord.Tail);
  }

  /** The same as `next` for records that were there at the last look. */
  nextSeen(): number {
    if (this.head === this.tailSeen) return -1;
    let position = this.head & (this.size - 1);
    let word = (RING_DATA_OFFSET + position) >> 2;
    if (this.words[word] === SKIP_TO_START) {
      this.head = (this.head + this.size - position) | 0;
      // The writer skips only with a record at the beginning, so there is one.
      position = 0;
      word = RING_DATA_OFFSET >> 2;
    }
    this.length = this.words[word]!;
    this.kind = this.words[word + 1]!;
    this.head = (this.head + recordBytes(this.length)) | 0;
    return RING_DATA_OFFSET + position + RECORD_HEADER_BYTES;
  }

  /**
   * Gives the memory of all records read so far back to the writer. Returns true when the writer waits for room
   * and has to be told (once: the request is cleared).
   */
  release(): boolean {
    this.released = this.head;
    Atomics.store(this.words, RingWord.Head, this.head);
    if (Atomics.load(this.words, RingWord.WriterWaits) === 0) return false;
    const fill = (Atomics.load(this.words, RingWord.Tail) - this.head) >>> 0;
    if (fill > this.size >>> 1) return false;
    return Atomics.exchange(this.words, RingWord.WriterWaits, 0) === 1;
  }

  /** Wakes a writer that blocks in `RingWriter.sleepForRoom`, after `release` has returned true. */
  wakeWriter(): void {
    Atomics.notify(this.words, RingWord.WriterWaits, 1);
  }

  /** Bytes read but not yet released. Long batches release in between, so that the writer can go on. */
  unreleasedBytes(): number {
    return (this.head - this.released) >>> 0;
  }

  /** True when nothing is published that was not read. */
  isEmpty(): boolean {
    return Atomics.load(this.words, RingWord.Tail) === this.head;
  }

  /** Looks for something published, for `limitMs` at most, and yields the processor between any two looks. */
  spin(limitMs: number, clock: Clock, yieldProcessor: () => void): boolean {
    const untilMs = clock.nowMs() + limitMs;
    do {
      if (!this.isEmpty()) return true;
      yieldProcessor();
    } while (clock.nowMs() < untilMs);
    return !this.isEmpty();
  }

  /**
   * Blocks this thread until something is published or `timeoutMs` have passed. Never on the main thread. Everything
   * that is read must be released, or a writer that waits for room and this reader could wait for each other.
   */
  sleep(timeoutMs: number): void {
    Atomics.store(this.words, RingWord.ReaderSleeps, 1);
    if (this.isEmpty()) Atomics.wait(this.words, RingWord.ReaderSleeps, 1, timeoutMs);
    Atomics.store(this.words, RingWord.ReaderSleeps, 0);
  }
}
