import { isDiskFull } from '../base/disk-full.ts';
import { BatchHeader, BatchKind, encodeHeader, HEADER_BYTES } from './batch-header.ts';
import { type DiskFile, writeFully } from './disk.ts';

/** Files grow by this much at a time, with zeros: an fdatasync inside of a file has no metadata to write. */
const EXTENSION_BYTES = 512 * 1024;
const ZEROS = new Uint8Array(EXTENSION_BYTES);

/** Where writing goes on. */
export interface JournalPosition {
  /** Of the next batch. */
  readonly offset: number;
  /** Of the last batch, 0 for none. */
  readonly sequence: number;
  /** Of the batches that this opening will write: above all that are there. */
  readonly run: number;
}

/** The end of a data file: batches are put behind each other, checked and numbered. */
export class JournalFile {
  readonly #file: DiskFile;
  readonly #seed: number;
  readonly #header = new BatchHeader();
  #offset: number;
  #fileBytes: number;
  #durableOffset: number;

  /**
   * @param position everything before its offset must be durable
   * @param seed what checksums begin with
   */
  constructor(file: DiskFile, position: JournalPosition, generation: number, seed: number) {
    this.#file = file;
    this.#seed = seed;
    this.#offset = position.offset;
    this.#durableOffset = position.offset;
    this.#fileBytes = file.size();
    this.#header.generation = generation;
    this.#header.run = position.run;
    this.#header.sequence = position.sequence;
  }

  /** Where the next batch will stand: the bytes in use. */
  get offset(): number {
    return this.#offset;
  }

  get isDurable(): boolean {
    return this.#durableOffset === this.#offset;
  }

  /**
   * Writes a batch whose records stand in `bytes` behind {@link HEADER_BYTES} free ones. It is durable after the next
   * {@link sync}. When it throws, the batch does not count: the next one goes to the same place.
   */
  append(kind: BatchKind, bytes: Buffer, end: number, records: number, nowMs: number): void {
    const header = this.#header;
    header.kind = kind;
    header.length = end - HEADER_BYTES;
    header.records = records;
    header.durableOffset = this.#durableOffset;
    header.nowMs = nowMs;
    header.sequence++;
    try {
      encodeHeader(bytes, 0, header, this.#seed);
      this.#extend(this.#offset + end);
      writeFully(this.#file, bytes, 0, end, this.#offset);
    } catch (error) {
      header.sequence--;
      throw error;
    }
    this.#offset += end;
    this.#fileBytes = Math.max(this.#fileBytes, this.#offset);
  }

  /**
   * Writes the batch that says that everything before it is durable, which it must be: {@link sync} goes before. It is
   * durable after the next one.
   */
  appendFooter(nowMs: number): void {
    this.append(BatchKind.Footer, Buffer.alloc(HEADER_BYTES), HEADER_BYTES, 0, nowMs);
  }

  /** Takes room for a batch of so many bytes ahead of it, fewer than an extension has. Returns whether it is there. */
  reserve(bytes: number): boolean {
    this.#extend(this.#offset + bytes);
    return this.#offset + bytes <= this.#fileBytes;
  }

  /** Makes all batches durable. After a failure nobody knows what is on the disk: the file must not be written again. */
  sync(): void {
    if (this.isDurable) return;
    this.#file.sync();
    this.#durableOffset = this.#offset;
  }

  /** Cuts off the zeros behind the last batch. */
  trim(): void {
    this.#file.truncate(this.#offset);
    this.#fileBytes = this.#offset;
  }

  close(): void {
    this.#file.close();
  }

  /** Room behind the batch that is to be written, so that the disk's being full is noticed early. No room is no error: the batch itself may fit. */
  #extend(bytesMin: number): void {
    if (bytesMin <= this.#fileBytes) return;
    try {
      const end = this.#fileBytes + EXTENSION_BYTES;
      if (bytesMin <= end) writeFully(this.#file, ZEROS, 0, ZEROS.length, this.#fileBytes);
      this.#fileBytes = Math.max(end, bytesMin);
    } catch (error) {
      if (!isDiskFull(error)) throw error;
      this.#fileBytes = this.#file.size();
    }
  }
}
