import { isDiskFull } from '../base/disk-full.ts';
import { Limits } from '../base/limits.ts';
import { BatchKind } from './batch-header.ts';
import type { JournalFile } from './journal-file.ts';
import type { RecordWriter } from './record-writer.ts';

/** A disk that was full has room again when so much can be written: the longest request fits. */
const ROOM_BYTES = Limits.recordBodyBytesMax;

/** When what was written is made durable (fdatasync). */
type SyncPolicy = 'always' | 'interval' | 'never';

export interface JournalOptions {
  readonly sync: SyncPolicy;
  /** With `interval`: at most so much time passes between a write and its fdatasync, in milliseconds. */
  readonly syncIntervalMs: number;
}

/** Sees every batch that was written, so that a snapshot that is being made stays true. Does not throw. */
export interface BatchListener {
  batchWritten(records: RecordWriter, nowMs: number): void;
}

/**
 * The log of one shard. Records gather until {@link commit} writes them as one batch; only then may anybody be told
 * of what they say.
 */
export class Journal {
  readonly records: RecordWriter;
  /** Set while a snapshot is being made. */
  listener: BatchListener | null = null;
  #file: JournalFile;
  readonly #options: JournalOptions;
  #syncedMs = 0;

  constructor(file: JournalFile, records: RecordWriter, options: JournalOptions) {
    this.#file = file;
    this.records = records;
    this.#options = options;
  }

  /** Bytes of the file that are in use. */
  get bytes(): number {
    return this.#file.offset;
  }

  /**
   * Writes what was recorded and, where the policy says so, makes it durable. Returns false when the disk is full:
   * the records stay, and may be written later.
   *
   * @throws what the disk throws else. The file is not to be trusted then.
   */
  commit(nowMs: number): boolean {
    const { records } = this;
    const { sync } = this.#options;
    if (records.count > 0) {
      try {
        this.#file.append(BatchKind.Data, records.bytes, records.end, records.count, nowMs);
      } catch (error) {
        if (!isDiskFull(error)) throw error;
        this.syncWhenDue(nowMs);
        return false;
      }
      if (sync === 'always') this.#file.sync();
      this.listener?.batchWritten(records, nowMs);
      records.clear();
    }
    this.syncWhenDue(nowMs);
    return true;
  }

  /** Makes what was written durable where the interval is over, though there may be no room to write more. */
  syncWhenDue(nowMs: number): void {
    if (nowMs < this.nextWakeMs()) return;
    this.#file.sync();
    this.#syncedMs = nowMs;
  }

  /** Whether more than a little can be written. A {@link commit} that succeeds with nothing to write does not say so. */
  hasRoom(): boolean {
    return this.#file.reserve(ROOM_BYTES);
  }

  /** When {@link commit} wants to be called though nothing is recorded: Infinity for never. */
  nextWakeMs(): number {
    if (this.#options.sync !== 'interval' || this.#file.isDurable) return Number.POSITIVE_INFINITY;
    return this.#syncedMs + this.#options.syncIntervalMs;
  }

  /** Goes on in another file that holds the same state. The one before is closed. */
  continueIn(file: JournalFile): void {
    this.#file.close();
    this.#file = file;
  }

  /** Writes what is left and, if there is room, the footer that says that nothing is missing, and closes the file. */
  close(nowMs: number): void {
    if (this.commit(nowMs)) {
      this.#file.sync();
      this.#writeFooter(nowMs);
      this.#file.trim();
    }
    this.#file.sync();
    this.#file.close();
  }

  #writeFooter(nowMs: number): void {
    try {
      this.#file.appendFooter(nowMs);
    } catch (error) {
      if (!isDiskFull(error)) throw error;
    }
  }
}
