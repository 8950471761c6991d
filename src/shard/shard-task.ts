import type { MessagePort } from 'node:worker_threads';
import { AnchoredClock, type ClockAnchor } from '../base/clock.ts';
import { MetricBlock, metricBlockOf, metricWordsOf } from '../base/metric-words.ts';
import type { CoreOptions } from '../core/lock-core.ts';
import { nodeDisk } from '../journal/node-disk.ts';
import { StateFileError, stateIoError } from '../journal/state-error.ts';
import { BellRope } from '../ring/bell.ts';
import { RingReader } from '../ring/ring-reader.ts';
import { RingWriter } from '../ring/ring-writer.ts';
import { createShard } from './create-shard.ts';
import { RandomKeySource } from './key-source.ts';
import { MeteredDisk } from './metered-disk.ts';
import type { ShardJournalOptions } from './open-journal.ts';
import { loadProcessorYield } from './processor-yield.ts';
import { RingReplyTarget } from './ring-reply-target.ts';
import type { ShardLoop } from './shard-loop.ts';
import { Spinner } from './spinner.ts';

/** What the main thread hands to the thread that becomes a shard. All of it can be cloned or shared. */
export interface ShardTask {
  readonly shard: number;
  readonly requestMemory: SharedArrayBuffer;
  readonly replyMemory: SharedArrayBuffer;
  readonly bellMemory: SharedArrayBuffer;
  readonly metricMemory: SharedArrayBuffer;
  readonly clockAnchor: ClockAnchor;
  readonly coreOptions: CoreOptions;
  /** How long to look for requests before sleeping, see {@link Spinner}. In milliseconds; 0: not at all. */
  readonly spinMs: number;
  /** Send a debug line for each request and what comes of it. */
  readonly logRequests: boolean;
  /** Null when nothing is to outlive the process. */
  readonly journal: ShardJournalOptions | null;
  /** A message on this port wakes the main thread. Its content means nothing. */
  readonly bellPort: MessagePort;
}

/** Runs a shard on this thread until it is told to exit. */
export async function runShard(task: ShardTask): Promise<void> {
  const yieldProcessor = task.spinMs === 0 ? null : await loadProcessorYield();
  const bell = new BellRope(task.bellMemory, () => task.bellPort.postMessage(null));
  const metrics = metricWordsOf(task.metricMemory, task.shard);
  const counts = metricBlockOf(metrics, MetricBlock.Replies);
  const replies = new RingReplyTarget(new RingWriter(task.replyMemory), bell, counts);
  try {
    openShard(task, metrics, replies, bell, yieldProcessor).run();
  } catch (error) {
    if (!tellStateFailure(task, replies, error)) throw error;
  }
}

function openShard(
  task: ShardTask,
  metrics: Float64Array,
  replies: RingReplyTarget,
  bell: BellRope,
  yieldProcessor: (() => void) | null,
): ShardLoop {
  const clock = new AnchoredClock(task.clockAnchor);
  const requests = new RingReader(task.requestMemory);
  const disk = new MeteredDisk(nodeDisk, clock, metrics);
  return createShard({
    requests,
    spinner: yieldProcessor === null ? null : new Spinner(requests, clock, task.spinMs, yieldProcessor),
    replies,
    bell,
    clock,
    metrics,
    coreOptions: task.coreOptions,
    keys: new RandomKeySource(),
    lines: task.logRequests ? replies : null,
    journal: task.journal === null ? null : { disk, options: task.journal },
  }).loop;
}

/** Errors lose their code on their way between threads, so what is wrong with a state file is told in the ring. */
function tellStateFailure({ journal }: ShardTask, replies: RingReplyTarget, error: unknown): boolean {
  const failure = journal === null ? null : stateIoError(journal.path, error);
  if (!(failure instanceof StateFileError)) return false;
  replies.failed(failure.code, failure.message);
  replies.publish();
  return true;
}
