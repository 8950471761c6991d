import { MetricWord } from '../base/metric-words.ts';
import type { LockCore } from '../core/lock-core.ts';
import { LockRestorer } from '../core/lock-restorer.ts';
import type { DataFileId } from '../journal/compaction.ts';
import { copyRange, type Disk, type DiskFile } from '../journal/disk.ts';
import { Journal, type JournalOptions } from '../journal/journal.ts';
import { JournalFile } from '../journal/journal-file.ts';
import type { RecordWriter } from '../journal/record-writer.ts';
import { replayFile } from '../journal/replay.ts';
import type { ScanResult } from '../journal/scan.ts';
import { damagedFile } from '../journal/state-error.ts';
import { type CompactionOptions, ShardJournal } from './shard-journal.ts';

/** What a shard needs to know of its journal. */
export interface ShardJournalOptions extends DataFileId, JournalOptions, CompactionOptions {
  /** What a recovered lock gets that had no timeout, in milliseconds. */
  readonly defaultLockTimeoutMs: number;
}

/** A journal whose records are in the core. */
export interface OpenedJournal {
  readonly journal: ShardJournal;
  readonly restorer: LockRestorer;
  readonly scan: ScanResult;
}

/**
 * Reads a shard's data file into its core, which is empty, and goes on behind the last good batch.
 *
 * @param records where the core's claims are recorded from now on
 * @param metrics the shard's metric words, which say how far it is
 * @throws StateFileError
 */
export function openJournal(
  disk: Disk,
  options: ShardJournalOptions,
  core: LockCore,
  records: RecordWriter,
  metrics: Float64Array,
): OpenedJournal {
  const { path, generation, seed } = options;
  const file = disk.open(path, false);
  const restorer = new LockRestorer(core);
  metrics[MetricWord.JournalBytes] = file.size();
  const scan = replayFile(file, options, restorer, (offset) => {
    metrics[MetricWord.LoadedBytes] = offset;
  });
  metrics[MetricWord.RecordedMs] = scan.nowMs;
  if (scan.damagedOffset >= 0) throw damagedFile(path, scan.damagedOffset);
  secureTail(file, scan);
  const journalFile = new JournalFile(file, scan, generation, seed);
  const journal = new Journal(journalFile, records, options);
  return { journal: new ShardJournal(journal, core, disk, options, scan.run), restorer, scan };
}

/**
 * Makes the file end behind its last good batch, durably: what a crash has left there must never be read behind
 * batches that are written from now on.
 *
 * What no batch knows to be durable is written once more. It may be what an fdatasync has failed to write: a system
 * shows that as if it were there, and does not write it again by itself.
 */
function secureTail(file: DiskFile, { durableOffset, offset }: ScanResult): void {
  file.truncate(offset);
  copyRange(file, file, durableOffset, offset);
  file.sync();
}
