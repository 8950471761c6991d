import { DurationCounts } from '../base/duration-counts.ts';
import { MetricBlock, metricBlockOf } from '../base/metric-words.ts';
import { ClaimTimings } from '../core/claim-timings.ts';
import type { CoreOptions } from '../core/lock-core.ts';
import { ClaimRecorder } from '../journal/claim-recorder.ts';
import type { Disk } from '../journal/disk.ts';
import { RecordWriter } from '../journal/record-writer.ts';
import { describeTail, TORN_TAIL_NOTICE } from '../journal/scan.ts';
import type { DebugLines } from './debug-lines.ts';
import { ShardInspector } from './inspection/shard-inspector.ts';
import type { KeySource } from './key-source.ts';
import { openJournal, type ShardJournalOptions } from './open-journal.ts';
import { RequestProcessor } from './request-processor.ts';
import { type Begun, ShardLoop, type ShardParts } from './shard-loop.ts';
import { SlowHolderLog } from './slow-holder-log.ts';
import { StagedReplies } from './staged-replies.ts';

/** What a shard is made of, apart from what follows from it. */
export interface ShardPlan extends Omit<ShardParts, 'processor' | 'inspector' | 'journal' | 'recovered'> {
  readonly coreOptions: CoreOptions;
  readonly keys: KeySource;
  /** Where debug lines go; null for none. */
  readonly lines: DebugLines | null;
  /** Null when nothing is to outlive the process. */
  readonly journal: { readonly disk: Disk; readonly options: ShardJournalOptions } | null;
}

/** A shard, ready to run. */
export interface Shard {
  readonly loop: ShardLoop;
  readonly processor: RequestProcessor;
}

/**
 * Puts a shard together, with what its journal holds.
 *
 * @throws StateFileError
 */
export function createShard(plan: ShardPlan): Shard {
  const { keys, replies, lines, metrics } = plan;
  const coreOptions = { ...plan.coreOptions, timings: timingsIn(metrics) };
  const slowHolders = new SlowHolderLog(replies);
  if (plan.journal === null) {
    const processor = new RequestProcessor(coreOptions, keys, replies, lines, null, slowHolders);
    const inspector = new ShardInspector(processor.core, replies, replies);
    const parts = { ...plan, processor, inspector, journal: null, recovered: null };
    return { processor, loop: new ShardLoop(parts) };
  }
  const { disk, options } = plan.journal;
  const records = new RecordWriter();
  const staged = new StagedReplies(replies);
  const recorder = new ClaimRecorder(records);
  const processor = new RequestProcessor(coreOptions, keys, staged, lines, recorder, slowHolders);
  const { journal, restorer, scan } = openJournal(disk, options, processor.core, records, metrics);
  staged.attach(journal);
  if (scan.tornBytes > 0) replies.notice(TORN_TAIL_NOTICE, describeTail(options.path, scan));
  const recovered: Begun = {
    begin: (nowMs) => restorer.begin(nowMs, options.defaultLockTimeoutMs, (claim) => records.renew(claim)),
  };
  const inspector = new ShardInspector(processor.core, staged, replies);
  staged.onRefused = () => inspector.watches.lose();
  const parts = { ...plan, replies: staged, processor, inspector, journal, recovered };
  return { processor, loop: new ShardLoop(parts) };
}

function timingsIn(metrics: Float64Array): ClaimTimings {
  const { Waits, Holds } = MetricBlock;
  const [waits, holds] = [metricBlockOf(metrics, Waits), metricBlockOf(metrics, Holds)];
  return new ClaimTimings(new DurationCounts(waits), new DurationCounts(holds));
}
