import type { LockCore } from '../core/lock-core.ts';
import { BatchKind } from './batch-header.ts';
import type { Disk } from './disk.ts';
import type { BatchListener } from './journal.ts';
import { JournalFile } from './journal-file.ts';
import { RecordWriter } from './record-writer.ts';
import { Snapshot } from './snapshot.ts';
import { stateIoError } from './state-error.ts';

/** Well under a millisecond. */
const SLICE_ROWS = 512;
/** So much is written before it is synced: small syncs between the turns do not hold up the log's own for long. */
const SYNC_BYTES = 256 * 1024;

/** Which data file is made anew, and what its checksums begin with. */
export interface DataFileId {
  readonly path: string;
  readonly generation: number;
  readonly seed: number;
}

/** The name that a data file has until it is whole. */
function unfinishedPath(path: string): string {
  return `${path}.new`;
}

/**
 * Makes a data file anew: a snapshot of the core in slices between the turns, and each batch that the log gets
 * meanwhile. When it is whole it takes the place of the old one by renaming, so that there is one good file at each
 * moment.
 */
export class Compaction implements BatchListener {
  readonly #disk: Disk;
  readonly #id: DataFileId;
  readonly #file: JournalFile;
  readonly #snapshot: Snapshot;
  readonly #records = new RecordWriter();
  #syncedBytes = 0;
  /** Why a batch could not be written: the next step says so. */
  #failure: unknown = null;

  /** @throws what the disk throws */
  constructor(disk: Disk, id: DataFileId, run: number, core: LockCore) {
    this.#disk = disk;
    this.#id = id;
    const file = disk.open(unfinishedPath(id.path), true);
    this.#file = new JournalFile(file, { offset: 0, sequence: 0, run }, id.generation, id.seed);
    this.#snapshot = new Snapshot(core);
  }

  /**
   * Does a slice of so many rows. Returns whether the snapshot is whole, so that {@link finish} may be called.
   *
   * @throws what the disk throws
   */
  step(nowMs: number, sliceRows = SLICE_ROWS): boolean {
    if (this.#failure !== null) throw this.#failure;
    const records = this.#records;
    this.#snapshot.step(records, sliceRows);
    if (records.count > 0) this.#append(records, nowMs);
    records.clear();
    if (this.#file.offset - this.#syncedBytes >= SYNC_BYTES) this.#sync();
    return this.#snapshot.done;
  }

  batchWritten(records: RecordWriter, nowMs: number): void {
    try {
      if (this.#failure === null) this.#append(records, nowMs);
    } catch (error) {
      this.#failure = error;
    }
  }

  /**
   * Puts the new file in the place of the old one and returns it. A footer says of all that is in it that it is
   * durable, so that damage to it is not taken for a torn write.
   *
   * @throws what the disk throws, but once the names are touched StateFileError: then nobody knows which file has the
   * name, and to go on with either would be wrong, whatever the reason is
   */
  finish(nowMs: number): JournalFile {
    const { path } = this.#id;
    this.#sync();
    this.#file.appendFooter(nowMs);
    this.#sync();
    try {
      this.#disk.rename(unfinishedPath(path), path);
      this.#disk.syncFolderOf(path);
    } catch (error) {
      throw stateIoError(path, error);
    }
    return this.#file;
  }

  /** Gives up. The old file goes on to be the one. */
  abandon(): void {
    this.#file.close();
    this.#disk.remove(unfinishedPath(this.#id.path));
  }

  #append(records: RecordWriter, nowMs: number): void {
    this.#file.append(BatchKind.Data, records.bytes, records.end, records.count, nowMs);
  }

  #sync(): void {
    this.#file.sync();
    this.#syncedBytes = this.#file.offset;
  }
}
