import { AnchoredClock } from '../../dist/src/base/clock.js';
import { metricWordsOf } from '../../dist/src/base/metric-words.js';
import { BellRope } from '../../dist/src/ring/bell.js';
import { RingReader } from '../../dist/src/ring/ring-reader.js';
import { RingWriter } from '../../dist/src/ring/ring-writer.js';
import { ShardInspector } from '../../dist/src/shard/inspection/shard-inspector.js';
import { RandomKeySource } from '../../dist/src/shard/key-source.js';
import { RequestProcessor } from '../../dist/src/shard/request-processor.js';
import { RingReplyTarget } from '../../dist/src/shard/ring-reply-target.js';
import { ShardLoop } from '../../dist/src/shard/shard-loop.js';

const never = new Int32Array(new SharedArrayBuffer(4));

/** Does what a request says that names it: `poison:sleep:500`, `poison:loop`, `poison:throw`, `poison:exit`. */
function swallow(text) {
  const [, poison, ms] = /poison:(sleep|loop|throw|exit)(?::(\d+))?/.exec(text) ?? [];
  if (poison === 'sleep') Atomics.wait(never, 0, 0, Number(ms));
  if (poison === 'loop') for (;;) never[0] = 0;
  if (poison === 'throw') throw new Error('a poisoned request');
  if (poison === 'exit') process.exit(3);
}

class PoisonedProcessor extends RequestProcessor {
  process(method, deadlineMs, bytes, start, end, nowMs) {
    if (end - start < 200) swallow(bytes.latin1Slice(start, end));
    super.process(method, deadlineMs, bytes, start, end, nowMs);
  }
}

/** As src/shard/shard-task.ts, with a processor that can be poisoned. */
export default function runPoisonedShard(task) {
  const bell = new BellRope(task.bellMemory, () => task.bellPort.postMessage(null));
  const replies = new RingReplyTarget(new RingWriter(task.replyMemory), bell);
  const processor = new PoisonedProcessor(task.coreOptions, new RandomKeySource(), replies, null);
  new ShardLoop({
    requests: new RingReader(task.requestMemory),
    spinner: null,
    replies,
    processor,
    inspector: new ShardInspector(processor.core, replies, replies),
    bell,
    clock: new AnchoredClock(task.clockAnchor),
    journal: null,
    recovered: null,
    metrics: metricWordsOf(task.metricMemory, task.shard),
  }).run();
}
