import type { MessagePort } from 'node:worker_threads';
import { AnchoredClock, type ClockAnchor } from '../base/clock.ts';
import { metricWordsOf } from '../base/metric-words.ts';
import type { CoreOptions } from '../core/lock-core.ts';
import { BellRope } from '../ring/bell.ts';
import { RingReader } from '../ring/ring-reader.ts';
import { RingWriter } from '../ring/ring-writer.ts';
import { RandomKeySource } from './key-source.ts';
import { RequestProcessor } from './request-processor.ts';
import { RingReplyTarget } from './ring-reply-target.ts';
import { ShardLoop } from './shard-loop.ts';

/** What the main thread hands to the thread that becomes a shard. All of it can be cloned or shared. */
export interface ShardTask {
  readonly shard: number;
  readonly requestMemory: SharedArrayBuffer;
  readonly replyMemory: SharedArrayBuffer;
  readonly bellMemory: SharedArrayBuffer;
  readonly metricMemory: SharedArrayBuffer;
  readonly clockAnchor: ClockAnchor;
  readonly coreOptions: CoreOptions;
  /** Send a debug line for each request and what comes of it. */
  readonly logRequests: boolean;
  /** A message on this port wakes the main thread. Its content means nothing. */
  readonly bellPort: MessagePort;
}

/** Runs a shard on this thread until it is told to exit. */
export function runShard(task: ShardTask): void {
  const bell = new BellRope(task.bellMemory, () => task.bellPort.postMessage(null));
  const replies = new RingReplyTarget(new RingWriter(task.replyMemory), bell);
  const lines = task.logRequests ? replies : null;
  const processor = new RequestProcessor(task.coreOptions, new RandomKeySource(), replies, lines);
  new ShardLoop({
    requests: new RingReader(task.requestMemory),
    replies,
    processor,
    bell,
    clock: new AnchoredClock(task.clockAnchor),
    metrics: metricWordsOf(task.metricMemory, task.shard),
  }).run();
}
