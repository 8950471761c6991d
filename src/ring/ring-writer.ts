import {
  RECORD_HEADER_BYTES,
  RecordTooLongError,
  RING_DATA_OFFSET,
  RingWord,
  recordBytes,
  SKIP_TO_START,
} from './ring-layout.ts';

/**
 * The writing half of a single-producer single-consumer ring of records in shared memory. Exactly one thread may
 * own it, and it may not change.
 *
 * Records are written in place: `reserve` gives the offset of a contiguous payload in `bytes`, `commit` fixes its
 * length, and `publish` makes everything committed visible with one atomic store. A record never straddles the
 * end of the ring, so both sides read and write it with plain offsets.
 */
export class RingWriter {
  /** The ring's memory as bytes, 32-bit words and 64-bit floats; payload offsets are byte offsets and multiples of 8. */
  readonly bytes: Buffer;
  readonly words: Int32Array;
  readonly floats: Float64Array;
  private readonly size: number;
  /** Free-running counters: their difference modulo 2^32 is the fill, so full and empty differ without a spare slot. */
  private tail: number;
  private headSeen: number;
  /** Where the record reserved last begins; beyond `tail` when the ring's end is skipped. A counter like `tail`. */
  private reserved: number;

  constructor(memory: SharedArrayBuffer) {
    this.bytes = Buffer.from(memory);
    this.words = new Int32Array(memory);
    this.floats = new Float64Array(memory);
    this.size = memory.byteLength - RING_DATA_OFFSET;
    this.tail = Atomics.load(this.words, RingWord.Tail);
    this.headSeen = Atomics.load(this.words, RingWord.Head);
    this.reserved = this.tail;
  }

  /** @throws RecordTooLongError for a payload that this ring never takes, however empty it is */
  checkLength(payloadBytes: number): void {
    const need = recordBytes(payloadBytes);
    if (need > this.size >>> 2) throw new RecordTooLongError(need, this.size >>> 2);
  }

  /**
   * Finds room for a record of up to `payloadBytesMax` bytes. Returns the payload's byte offset, or -1 when the
   * reader has not yet consumed enough. A reservation without a commit changes nothing.
   *
   * @throws RecordTooLongError
   */
  reserve(payloadBytesMax: number): number {
    this.checkLength(payloadBytesMax);
    const need = recordBytes(payloadBytesMax);
    const position = this.tail & (this.size - 1);
    const toEnd = this.size - position;
    if (need <= toEnd) {
      if (!this.hasRoom(need)) return -1;
      this.reserved = this.tail;
      return RING_DATA_OFFSET + position + RECORD_HEADER_BYTES;
    }
    if (!this.hasRoom(toEnd + need)) return -1;
    // Positions are multiples of 8, so the marker always fits before the end.
    this.words[(RING_DATA_OFFSET + position) >> 2] = SKIP_TO_START;
    this.reserved = (this.tail + toEnd) | 0;
    return RING_DATA_OFFSET + RECORD_HEADER_BYTES;
  }

  /** Ends the record reserved last, with the payload length that was really used. */
  commit(kind: number, payloadBytes: number): void {
    const word = (RING_DATA_OFFSET + (this.reserved & (this.size - 1))) >> 2;
    this.words[word] = payloadBytes;
    this.words[word + 1] = kind;
    this.tail = (this.reserved + recordBytes(payloadBytes)) | 0;
  }

  /** Makes all committed records visible, and wakes a reader that sleeps in `RingReader.sleep`. */
  publish(): void {
    if (this.publishWithoutWaking()) this.wakeReader();
  }

  /**
   * Makes all committed records visible. Returns true when the reader sleeps, for the caller to call `wakeReader`.
   *
   * No wake-up is lost: we store Tail, then load ReaderSleeps; the reader stores ReaderSleeps, then loads Tail. All
   * four are sequentially consistent, so either we see that it sleeps, or it sees the new Tail and does not. It
   * sleeps on the very word that we clear: if we clear it after the reader has set it, `Atomics.wait` either has
   * begun and is notified, or finds another value and returns.
   */
  publishWithoutWaking(): boolean {
    Atomics.store(this.words, RingWord.Tail, this.tail);
    return Atomics.load(this.words, RingWord.ReaderSleeps) === 1;
  }

  /** Wakes the reader if it sleeps. It is asleep for one call only: until it runs, further ones cost nothing. */
  wakeReader(): void {
    if (Atomics.exchange(this.words, RingWord.ReaderSleeps, 0) === 1) {
      Atomics.notify(this.words, RingWord.ReaderSleeps, 1);
    }
  }

  /** True when more than half of the ring is taken. */
  isHalfFull(): boolean {
    return (this.tail - Atomics.load(this.words, RingWord.Head)) >>> 0 > this.size >>> 1;
  }

  /** True when everything committed was consumed. */
  isDrained(): boolean {
    return Atomics.load(this.words, RingWord.Head) === this.tail;
  }

  /**
   * Announces that this side waits for room; the reader's `release` then returns true once half the ring is free.
   * Returns false when there is that much room already, so that the writer goes on at once. What is committed must
   * be published, or the reader cannot make the room.
   *
   * The same argument as in `publish`: we store WriterWaits, then load Head; the reader stores Head, then loads
   * WriterWaits.
   */
  awaitRoom(): boolean {
    Atomics.store(this.words, RingWord.WriterWaits, 1);
    this.headSeen = Atomics.load(this.words, RingWord.Head);
    if ((this.tail - this.headSeen) >>> 0 > this.size >>> 1) return true;
    Atomics.store(this.words, RingWord.WriterWaits, 0);
    return false;
  }

  /** True after `awaitRoom` has returned true and until the reader has freed half the ring. */
  isAwaitingRoom(): boolean {
    return Atomics.load(this.words, RingWord.WriterWaits) === 1;
  }

  /** Blocks this thread until the reader has freed half the ring or `timeoutMs` have passed. Never on the main thread. */
  sleepForRoom(timeoutMs: number): void {
    if (this.awaitRoom()) Atomics.wait(this.words, RingWord.WriterWaits, 1, timeoutMs);
  }

  private hasRoom(wanted: number): boolean {
    if (wanted <= this.size - ((this.tail - this.headSeen) >>> 0)) return true;
    this.headSeen = Atomics.load(this.words, RingWord.Head);
    return wanted <= this.size - ((this.tail - this.headSeen) >>> 0);
  }
}
