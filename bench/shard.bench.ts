import { Bench } from 'tinybench';
import { AnchoredClock, takeClockAnchor } from '../src/base/clock.ts';
import { createMetricMemory, MetricBlock, metricBlockOf, metricWordsOf } from '../src/base/metric-words.ts';
import { Method } from '../src/contract/method.ts';
import { LockKey } from '../src/core/lock-key.ts';
import { ReplyForm } from '../src/core/reply-form.ts';
import { ShardPort } from '../src/engine/shard-port.ts';
import { lockKeyTextBytes, writeLockKey } from '../src/protocol/protobuf/lock-key-text.ts';
import { BellRope, createBellMemory } from '../src/ring/bell.ts';
import { createRingMemory } from '../src/ring/ring-layout.ts';
import { RingReader } from '../src/ring/ring-reader.ts';
import { RingWriter } from '../src/ring/ring-writer.ts';
import { ShardInspector } from '../src/shard/inspection/shard-inspector.ts';
import { RequestProcessor } from '../src/shard/request-processor.ts';
import { RingReplyTarget } from '../src/shard/ring-reply-target.ts';
import { ShardLoop } from '../src/shard/shard-loop.ts';

const RING_BYTES = 1 << 20;
/** Half a batch of a turn: as many Locks as Unlocks. */
const PAIRS = 128;

/** A shard's loop on one thread, between its two rings: what a request costs there, and what it costs the main thread to hand it over. */
export function shardBench(): Bench {
  const bench = new Bench({ name: 'shard', time: 500, warmupTime: 100 });
  const shard = openShard();
  bench
    .add(`submit and flush x ${2 * PAIRS}`, () => shard.submitAll(), { afterEach: () => shard.work() })
    .add(`turn: Lock, Unlock x ${2 * PAIRS}`, () => shard.loop.turn(), {
      beforeEach: () => shard.submitAll(),
      afterEach: () => shard.drain(),
    })
    .add('turn: nothing to do x 1', () => shard.loop.turn());
  return bench;
}

function openShard() {
  const requestMemory = createRingMemory(RING_BYTES);
  const replyMemory = createRingMemory(RING_BYTES);
  const bell = new BellRope(createBellMemory(), () => {});
  const port = new ShardPort(new RingWriter(requestMemory));
  const metrics = metricWordsOf(createMetricMemory(1), 0);
  const counts = metricBlockOf(metrics, MetricBlock.Replies);
  const replies = new RingReplyTarget(new RingWriter(replyMemory), bell, counts);
  const replyReader = new RingReader(replyMemory);
  const clock = new AnchoredClock(takeClockAnchor());
  // Every grant has the same key, so that the Unlocks are known ahead; each lock is held once.
  const key = Object.assign(new LockKey(), { a: 1, b: 0x4000, c: 0x8000_0000 | 0, d: 2 });
  const keys = {
    next: (fresh: LockKey): void => {
      fresh.a = key.a;
      fresh.b = key.b;
      fresh.c = key.c;
      fresh.d = key.d;
    },
  };
  const startMs = clock.nowMs();
  const core = { keepOnSessionEnd: false, gcIntervalMs: 1e9, gcMinIdleMs: 1e9, tokenSeed: 1, startMs };
  const processor = new RequestProcessor(core, keys, replies);
  const requests = new RingReader(requestMemory);
  const loop = new ShardLoop({
    requests,
    spinner: null,
    replies,
    processor,
    inspector: new ShardInspector(processor.core, replies, replies),
    bell,
    clock,
    metrics,
    journal: null,
    recovered: null,
  });
  const messages = Array.from({ length: PAIRS }, (_, i) => [lockMessage(i), unlockMessage(i, key)]).flat();
  const submitAll = (): void => {
    for (let i = 0; i < messages.length; i++) {
      const message = messages[i]!;
      const method = i % 2 === 0 ? Method.Lock : Method.Unlock;
      port.submit(
        method,
        ReplyForm.GrpcFrames,
        0,
        i,
        1,
        Number.POSITIVE_INFINITY,
        message,
        0,
        message.length,
      );
    }
    port.flush();
  };
  const drain = (): void => {
    while (replyReader.next() >= 0);
    replyReader.release();
  };
  const work = (): void => {
    loop.turn();
    drain();
  };
  return { loop, submitAll, drain, work };
}

/** Fields 1 and 4: the name and a size of 1. */
function lockMessage(i: number): Buffer {
  const name = `orders/invoice-${10_000 + i}`;
  return Buffer.concat([Buffer.of(0x0a, name.length), Buffer.from(name), Buffer.of(0x20, 1)]);
}

/** Fields 1 and 2: the name and the key. */
function unlockMessage(i: number, key: LockKey): Buffer {
  const name = `orders/invoice-${10_000 + i}`;
  const text = Buffer.alloc(lockKeyTextBytes);
  writeLockKey(text, 0, key);
  return Buffer.concat([Buffer.of(0x0a, name.length), Buffer.from(name), Buffer.of(0x12, text.length), text]);
}
