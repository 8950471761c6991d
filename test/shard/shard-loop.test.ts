import { describe, expect, it } from 'vitest';
import { createMetricMemory, MetricWord, metricWordsOf } from '../../src/base/metric-words.ts';
import { Method } from '../../src/contract/method.ts';
import type { LockKey } from '../../src/core/lock-key.ts';
import { ShardPort } from '../../src/engine/shard-port.ts';
import { createRingMemory } from '../../src/ring/ring-layout.ts';
import { RingReader } from '../../src/ring/ring-reader.ts';
import { RingWriter } from '../../src/ring/ring-writer.ts';
import { ShardInspector } from '../../src/shard/inspection/shard-inspector.ts';
import { ReplyKind } from '../../src/shard/reply-record.ts';
import type { ShardReplies } from '../../src/shard/reply-target.ts';
import { RequestProcessor } from '../../src/shard/request-processor.ts';
import { RequestKind } from '../../src/shard/request-record.ts';
import { ShardLoop } from '../../src/shard/shard-loop.ts';
import { loadCoder, type RequestMessage } from '../protocol/protobuf/ldlm-coder.ts';

const coder = loadCoder('Lock');

/** Keeps what a shard tells, and when it publishes. */
class RecordedReplies implements ShardReplies {
  readonly bytes = Buffer.alloc(300_000);
  readonly stalls = 0;
  isCrowded = false;
  readonly told: string[] = [];

  reserve(): number {
    return 0;
  }

  commit(): void {
    this.told.push('reply');
  }

  signal(kind: ReplyKind): void {
    this.told.push(
      kind === ReplyKind.GrantingStopped ? 'stopped' : kind === ReplyKind.Exited ? 'exited' : 'ready',
    );
  }

  debug(): void {}

  notice(): void {}

  publish(): void {
    this.told.push('publish');
  }

  /** What was told since the last time. */
  take(): string[] {
    return this.told.splice(0);
  }
}

/** @param looksMax how often it may look at the clock: a shard that sleeps on and on would never end its test */
function openLoop(ringBytes = 1 << 20, looksMax = Number.POSITIVE_INFINITY) {
  const memory = createRingMemory(ringBytes);
  const port = new ShardPort(new RingWriter(memory));
  const requests = new RingReader(memory);
  const replies = new RecordedReplies();
  const metrics = metricWordsOf(createMetricMemory(1), 0);
  const time = { nowMs: 1_800_000_000_000, whenRead: () => {} };
  const keys = { next: (key: LockKey) => Object.assign(key, { a: time.nowMs, b: ++serial }) };
  let serial = 0;
  const core = {
    keepOnSessionEnd: false,
    gcIntervalMs: 1e9,
    gcMinIdleMs: 1e9,
    tokenSeed: 1,
    startMs: time.nowMs,
  };
  const processor = new RequestProcessor(core, keys, replies);
  const spins = { worked: [] as number[], spin: (_waitMs: number): boolean => false };
  let looks = 0;
  const look = (): number => {
    if (++looks > looksMax) throw new Error('it sleeps');
    time.whenRead();
    return time.nowMs;
  };
  const loop = new ShardLoop({
    requests,
    spinner: { worked: (records) => spins.worked.push(records), spin: (waitMs) => spins.spin(waitMs) },
    replies,
    processor,
    inspector: new ShardInspector(processor.core, replies, replies),
    bell: { ring: () => replies.told.push('bell') },
    clock: { nowMs: look, skip: () => {} },
    journal: null,
    recovered: null,
    metrics,
  });
  let calls = 0;
  const submit = (message: RequestMessage, method: Method = Method.Lock, session = 1): boolean => {
    const body = coder.requestSerialize(message);
    return port.submit(method, 2, 0, ++calls, session, Number.POSITIVE_INFINITY, body, 0, body.length);
  };
  return { loop, port, requests, replies, metrics, time, spins, submit };
}

describe('ShardLoop', () => {
  it('works off a batch per turn, then publishes, and says whether there was anything to do', () => {
    const { loop, port, replies, submit, metrics } = openLoop();
    for (let i = 0; i < 300; i++) submit({ name: `lock/${i}` }, Method.TryLock);
    port.flush();
    expect(loop.turn()).toBe(true);
    expect(replies.take()).toEqual([...Array(256).fill('reply'), 'publish']);
    expect(loop.turn()).toBe(true);
    expect(replies.take()).toEqual([...Array(44).fill('reply'), 'publish']);
    expect(loop.turn()).toBe(false);
    expect(metrics[MetricWord.Turns]).toBe(3);
    expect(metrics[MetricWord.Records]).toBe(300);
    expect(metrics[MetricWord.Holders]).toBe(300);
  });

  it('spins before it sleeps, and says how many records each turn has had', () => {
    const { loop, port, submit, spins, time } = openLoop(1 << 20, 20);
    submit({ name: 'a' }, Method.TryLock);
    submit({ name: 'b' }, Method.TryLock);
    port.flush();
    time.nowMs += 1;
    const found: number[] = [];
    spins.spin = (waitMs) => {
      found.push(waitMs);
      if (found.length === 1) submit({ name: 'c' }, Method.TryLock);
      else port.tell(RequestKind.Exit, 0, 0, null);
      port.flush();
      return true;
    };
    loop.run();
    expect(spins.worked).toEqual([2, 0, 1, 0, 1]);
    // A second is as long as it would sleep.
    expect(found).toEqual([1_000, 1_000]);
  });

  it('judges no request by a time that was read before it was sent', () => {
    const { loop, port, submit, replies, time } = openLoop();
    time.whenRead = () => {
      time.whenRead = () => {};
      submit({ name: 'late' }, Method.TryLock);
      port.flush();
    };
    submit({ name: 'early' }, Method.TryLock);
    port.flush();
    loop.turn();
    expect(replies.take()).toEqual(['reply', 'publish']);
    loop.turn();
    expect(replies.take()).toEqual(['reply', 'publish']);
  });

  it('stamps its heartbeat at the beginning of every turn, also of an idle one', () => {
    const { loop, metrics, time } = openLoop();
    for (let i = 0; i < 3; i++) {
      time.nowMs += 250;
      loop.turn();
      expect(metrics[MetricWord.HeartbeatMs]).toBe(time.nowMs);
    }
  });

  it('gives request memory back in the midst of a batch', () => {
    const { loop, port, replies, submit } = openLoop();
    let sent = 0;
    while (submit({ name: `${'n'.repeat(5_000)}/${sent}` }, Method.TryLock)) sent++;
    expect(sent).toBeLessThan(256);
    expect(port.hasAwaitedRoom()).toBe(false);
    loop.turn();
    const told = replies.take();
    const bell = told.indexOf('bell');
    expect(told.filter((what) => what === 'reply')).toHaveLength(sent);
    // Once, when half of the ring is free, and no more than a slice of it later.
    expect(bell).toBeGreaterThanOrEqual(sent / 2);
    expect(bell).toBeLessThan(sent * 0.7);
    expect(told.lastIndexOf('bell')).toBe(bell);
    expect(port.takeRoom()).toBe(true);
  });

  it('tells that granting has stopped behind the last answer to a waiter', () => {
    const { loop, port, replies, submit } = openLoop();
    const calls = 1_500;
    for (let i = 0; i < calls; i++) submit({ name: 'a' });
    port.flush();
    while (loop.turn());
    replies.take();
    port.tell(RequestKind.StopGranting, 0, 0, null);
    submit({ name: 'b' });
    port.flush();
    loop.turn();
    // More waiters than are ended at once: what comes later is refused meanwhile.
    expect(replies.take()).not.toContain('stopped');
    loop.turn();
    const told = replies.take();
    expect(told.slice(-3)).toEqual(['reply', 'stopped', 'publish']);
    loop.turn();
    expect(replies.take()).toEqual(['publish']);
  });

  it('counts what it took and how its core is, without those who tell it something', () => {
    const { loop, port, submit, metrics } = openLoop();
    for (let i = 0; i < 3; i++) submit({ name: 'a' });
    submit({ name: 'b' }, Method.TryLock);
    port.tell(RequestKind.SessionEnd, 7, 0, null);
    port.flush();
    loop.turn();
    expect(metrics[MetricWord.Records]).toBe(5);
    expect(metrics[MetricWord.Requests]).toBe(4);
    const levels = [MetricWord.Locks, MetricWord.Holders, MetricWord.Waiters, MetricWord.LongestQueue];
    expect(levels.map((word) => metrics[word])).toEqual([2, 2, 2, 2]);
    port.tell(RequestKind.SessionEnd, 1, 0, null);
    port.flush();
    while (loop.turn());
    expect(levels.map((word) => metrics[word])).toEqual([2, 0, 0, 0]);
    const ends = [MetricWord.SessionReleases, MetricWord.Departures, MetricWord.Unlocks, MetricWord.Grants];
    expect(ends.map((word) => metrics[word])).toEqual([2, 2, 0, 2]);
  });

  it('tells how long a turn took when the next one begins', () => {
    const { loop, metrics, time } = openLoop();
    loop.turn();
    time.nowMs += 40;
    loop.turn();
    expect(metrics[MetricWord.LongestTurnMs]).toBe(40);
  });

  it('takes no sleep for a turn', () => {
    const { loop, port, requests, metrics, time } = openLoop();
    requests.sleep = (ms) => {
      time.nowMs += ms;
      port.tell(RequestKind.Exit, 0, 0, null);
      port.flush();
    };
    loop.run();
    expect(metrics[MetricWord.SleptMs]).toBe(1_000);
    expect(metrics[MetricWord.LongestTurnMs]).toBe(0);
  });

  it('leaves the loop once everything before the exit is done', () => {
    const { loop, port, replies, submit } = openLoop();
    submit({ name: 'a' });
    port.tell(RequestKind.Exit, 0, 0, null);
    port.flush();
    loop.run();
    expect(replies.take()).toEqual(['ready', 'publish', 'reply', 'publish', 'exited', 'publish']);
  });
});
