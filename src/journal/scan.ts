import {
  BatchHeader,
  BatchKind,
  decodeHeader,
  HEADER_BYTES,
  MAGIC_BYTES,
  recordsLength,
} from './batch-header.ts';
import type { DiskFile } from './disk.ts';
import type { JournalPosition } from './journal-file.ts';
import { StateFileError } from './state-error.ts';

/** Takes in one batch: its records stand in `bytes[start, end)`. */
export type BatchReader = (bytes: Buffer, start: number, end: number, header: BatchHeader) => void;

/** What a data file holds. */
export interface ScanResult extends JournalPosition {
  /** Up to where the last good batch knew the file to be durable. */
  readonly durableOffset: number;
  /** The time of the last batch, 0 for none. */
  readonly nowMs: number;
  readonly batches: number;
  readonly records: number;
  /** The last batch is the footer of an orderly stop. */
  readonly isClean: boolean;
  /** Bytes behind the last good batch that are not zero, and whole batches among them: what a crash has torn. */
  readonly tornBytes: number;
  readonly tornBatches: number;
  /** The offset of damage that no crash can explain, -1 for none. */
  readonly damagedOffset: number;
}

/** The line that tells of a tail that was cut, and what goes with it. */
export const TORN_TAIL_NOTICE = 'cut off what a crash left at the end of a state file';

export function describeTail(
  path: string,
  { offset, tornBytes, tornBatches }: ScanResult,
): { path: string; offset: number; bytes: number; batches: number } {
  return { path, offset, bytes: tornBytes, batches: tornBatches };
}

/** How much is read at a time. */
const READ_BYTES = 1024 * 1024;

/**
 * Reads a data file from its beginning.
 *
 * **The torn tail.** A crash may leave the last writes behind in any state, so what follows the last good batch is cut
 * off, without loss: nobody was told of it. But each batch says up to where the file was durable when it was written.
 * When a good batch behind a bad one says that the bad one was durable already, then that was not torn but damaged
 * later, by something that we do not know, and with it may be gone what people were told.
 *
 * With a footer at the end, which says so of everything, every change is found. Without one, damage to the last batch
 * cannot be told from a torn write.
 */
export function scanJournal(
  file: DiskFile,
  generation: number,
  seed: number,
  onBatch: BatchReader,
): ScanResult {
  const scan = new Scan(file, generation, seed);
  const { header } = scan;
  let offset = 0;
  let durableOffset = 0;
  let batches = 0;
  let records = 0;
  let sequence = 0;
  let run = 0;
  let nowMs = 0;
  let isClean = false;
  while (scan.readAt(offset) && header.sequence === sequence + 1 && header.run >= run) {
    onBatch(scan.bytes, scan.start + HEADER_BYTES, scan.start + HEADER_BYTES + header.length, header);
    offset += HEADER_BYTES + header.length;
    ({ sequence, run, durableOffset } = header);
    nowMs = Math.max(nowMs, header.nowMs);
    records += header.records;
    batches++;
    isClean = header.kind === BatchKind.Footer;
  }
  const tail = scan.judgeTail(offset, sequence, run);
  return { offset, durableOffset, sequence, run: run + 1, nowMs, batches, records, isClean, ...tail };
}

/** A window over the file that moves along. */
class Scan {
  readonly header = new BatchHeader();
  bytes = Buffer.allocUnsafeSlow(READ_BYTES);
  /** Where in `bytes` the batch of the last `readAt` begins. */
  start = 0;
  readonly #file: DiskFile;
  readonly #fileBytes: number;
  readonly #generation: number;
  readonly #seed: number;
  /** What part of the file stands in `bytes`. */
  #windowOffset = 0;
  #windowBytes = 0;

  constructor(file: DiskFile, generation: number, seed: number) {
    this.#file = file;
    this.#fileBytes = file.size();
    this.#generation = generation;
    this.#seed = seed;
  }

  /** Reads the batch at an offset into `header`, its records behind it. False when there is no good one. */
  readAt(offset: number): boolean {
    if (offset + HEADER_BYTES > this.#fileBytes) return false;
    this.#load(offset, HEADER_BYTES);
    const length = recordsLength(this.bytes, this.start, this.#seed);
    if (length < 0 || offset + HEADER_BYTES + length > this.#fileBytes) return false;
    this.#load(offset, HEADER_BYTES + length);
    const { header } = this;
    return (
      decodeHeader(this.bytes, this.start, header, this.#seed) &&
      header.generation === this.#generation &&
      header.durableOffset <= offset
    );
  }

  /** Looks at what stands behind the last good batch. */
  judgeTail(
    offset: number,
    sequence: number,
    run: number,
  ): Pick<ScanResult, 'tornBytes' | 'tornBatches' | 'damagedOffset'> {
    let tornBatches = 0;
    let damagedOffset = -1;
    const end = this.#lastUsedOffset(offset);
    for (let at = this.#findMagic(offset, end); at >= 0; at = this.#findMagic(at + 1, end)) {
      const { header } = this;
      if (!this.readAt(at) || header.sequence <= sequence || header.run < run) continue;
      tornBatches++;
      if (header.durableOffset > offset) damagedOffset = offset;
    }
    return { tornBytes: end - offset, tornBatches, damagedOffset };
  }

  /** One past the last byte from `offset` on that is not zero, `offset` for none. */
  #lastUsedOffset(offset: number): number {
    let used = offset;
    for (let at = offset; at < this.#fileBytes; at += READ_BYTES) {
      const length = Math.min(READ_BYTES, this.#fileBytes - at);
      this.#load(at, length);
      for (let i = length - 1; i >= 0; i--) {
        if (this.bytes[this.start + i] === 0) continue;
        used = at + i + 1;
        break;
      }
    }
    return used;
  }

  /** Where the next header may begin, from `offset` on; -1 for nowhere. */
  #findMagic(offset: number, end: number): number {
    for (let at = offset; at + HEADER_BYTES <= end; at += READ_BYTES) {
      // Windows overlap, so that a magic on their border is seen.
      const length = Math.min(READ_BYTES + MAGIC_BYTES.length, end - at);
      this.#load(at, length);
      const found = this.bytes.subarray(this.start, this.start + length).indexOf(MAGIC_BYTES);
      if (found >= 0) return at + found;
    }
    return -1;
  }

  /** Makes `bytes[start, start + length)` what the file has at `offset`. */
  #load(offset: number, length: number): void {
    const end = this.#windowOffset + this.#windowBytes;
    if (offset < this.#windowOffset || offset + length > end) this.#move(offset, length);
    this.start = offset - this.#windowOffset;
  }

  #move(offset: number, length: number): void {
    if (length > this.bytes.length) this.bytes = Buffer.allocUnsafeSlow(length * 2);
    const wanted = Math.min(this.bytes.length, this.#fileBytes - offset);
    let read = 0;
    while (read < wanted) {
      const count = this.#file.read(this.bytes, read, wanted - read, offset + read);
      if (count === 0)
        throw new StateFileError('LDLM_STATE_IO', 'a state file became shorter while it was read');
      read += count;
    }
    this.#windowOffset = offset;
    this.#windowBytes = read;
  }
}
