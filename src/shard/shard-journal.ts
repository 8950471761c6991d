import { isDiskFull } from '../base/disk-full.ts';
import { LockCore } from '../core/lock-core.ts';
import { HEADER_BYTES } from '../journal/batch-header.ts';
import { Compaction, type DataFileId } from '../journal/compaction.ts';
import type { Disk } from '../journal/disk.ts';
import type { Journal } from '../journal/journal.ts';
import { RecordType } from '../journal/record.ts';
import { RecordReader } from '../journal/record-reader.ts';
import type { PublishGate } from './staged-replies.ts';

/** How often a journal that found no room tries again. */
const RETRY_MS = 200;
/** A compaction that failed for want of room is tried again after so long. */
const COMPACTION_RETRY_MS = 60_000;
const COMPACTION_BYTES_MIN = 32 * 1024 * 1024;
/** Rough sizes of what a snapshot has beside its texts. */
const HELD_BYTES = 80;
const IDLE_BYTES = 16;
/** What is recorded beside what becomes of grants, and is owed whether a grant is undone or not. */
const NOT_OF_A_GRANT: ReadonlySet<RecordType> = new Set([RecordType.LockClosed, RecordType.ReleasedRequest]);

export interface CompactionOptions {
  /** A file is not made anew while it is smaller than this. Default: 32 MiB. */
  readonly compactionBytesMin?: number;
  /** Rows that one slice of it looks at. Default: 512, well under a millisecond. */
  readonly compactionSliceRows?: number;
}

/**
 * The journal of a shard at work: writes what a turn has decided, and when there is no room for it, undoes what was
 * granted and lets nobody be granted anything until there is.
 *
 * Releases of that time are not undone: nobody may be told of them, and nobody profits from them, until they are in
 * the journal. They are owed to it, and written before anything else.
 */
export class ShardJournal implements PublishGate {
  readonly #journal: Journal;
  readonly #core: LockCore;
  readonly #disk: Disk;
  readonly #id: DataFileId & CompactionOptions;
  readonly #run: number;
  readonly #reader = new RecordReader();
  #nowMs = 0;
  #retryMs = 0;
  #compaction: Compaction | null = null;
  #compactFromMs = 0;
  /** Bytes of the file when it was last made anew, 0 for never. */
  #compactBytes = 0;

  constructor(journal: Journal, core: LockCore, disk: Disk, id: DataFileId & CompactionOptions, run: number) {
    this.#journal = journal;
    this.#core = core;
    this.#disk = disk;
    this.#id = id;
    this.#run = run;
  }

  /** Bytes of the file that are in use. */
  get bytes(): number {
    return this.#journal.bytes;
  }

  get isSuspended(): boolean {
    return this.#core.suspended;
  }

  /** A turn begins: what is owed is tried again when it is time. */
  begin(nowMs: number): void {
    this.#nowMs = nowMs;
    if (!this.#core.suspended || nowMs < this.#retryMs) return;
    if (this.#journal.commit(nowMs) && this.#journal.hasRoom()) this.#core.resume(nowMs);
    else this.#retryMs = nowMs + RETRY_MS;
  }

  /** @throws what the disk throws when it is not full but broken */
  commit(): boolean {
    // What is owed stays owed until `begin` finds room; meanwhile replies tell of nothing that changes the state.
    if (this.#core.suspended) {
      this.#journal.syncWhenDue(this.#nowMs);
      return true;
    }
    if (this.#journal.commit(this.#nowMs)) return true;
    this.#core.suspend();
    // The room that a half-made file takes may be what is missing.
    this.#abandonCompaction();
    this.#retryMs = this.#nowMs + RETRY_MS;
    this.#undoGrants();
    return false;
  }

  /** Does a slice of work that is not urgent. */
  work(): void {
    if (this.#core.suspended) return;
    try {
      if (this.#compaction !== null) this.#continueCompaction(this.#compaction);
      else if (this.#nowMs >= this.#compactFromMs && this.#isBloated()) this.#beginCompaction();
    } catch (error) {
      if (!isDiskFull(error)) throw error;
      this.#abandonCompaction();
    }
  }

  /** When a turn is wanted though there is no request. */
  nextWakeMs(): number {
    if (this.#core.suspended) return Math.min(this.#retryMs, this.#journal.nextWakeMs());
    return this.#compaction === null ? this.#journal.nextWakeMs() : 0;
  }

  close(nowMs: number): void {
    this.#abandonCompaction();
    this.#journal.close(nowMs);
  }

  /** Takes the grants of the batch that could not be written out of the core and of what is owed. */
  #undoGrants(): void {
    const { records } = this.#journal;
    const owed = Buffer.from(records.bytes.subarray(0, records.end));
    const undone = new Set<string>();
    const reader = this.#reader;
    reader.open(owed, HEADER_BYTES, owed.length);
    records.clear();
    while (reader.next()) {
      const { a, b, c, d } = reader.command.key;
      const key = `${a} ${b} ${c} ${d}`;
      if (reader.type === RecordType.Grant) {
        this.#core.revoke(reader.name, reader.command.key, this.#nowMs);
        undone.add(key);
      } else if (NOT_OF_A_GRANT.has(reader.type) || !undone.has(key)) {
        records.copy(owed, reader.start, reader.end);
      }
    }
  }

  #isBloated(): boolean {
    const { holders, locks } = this.#core.counters;
    const liveBytes = holders * HELD_BYTES + locks * IDLE_BYTES + LockCore.stateOf(this.#core).texts.bytes;
    const { compactionBytesMin = COMPACTION_BYTES_MIN } = this.#id;
    // The last one says what a snapshot takes when many hold the locks with long names: each record has the name.
    return this.#journal.bytes > Math.max(compactionBytesMin, 3 * liveBytes, 3 * this.#compactBytes);
  }

  #beginCompaction(): void {
    this.#compaction = new Compaction(this.#disk, this.#id, this.#run, this.#core);
    this.#journal.listener = this.#compaction;
  }

  #continueCompaction(compaction: Compaction): void {
    if (!compaction.step(this.#nowMs, this.#id.compactionSliceRows)) return;
    this.#journal.continueIn(compaction.finish(this.#nowMs));
    this.#compactBytes = this.#journal.bytes;
    this.#journal.listener = null;
    this.#compaction = null;
  }

  #abandonCompaction(): void {
    this.#compaction?.abandon();
    this.#compaction = null;
    this.#journal.listener = null;
    this.#compactFromMs = this.#nowMs + COMPACTION_RETRY_MS;
  }
}
