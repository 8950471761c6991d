import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { describe, expect, it } from 'vitest';
import { MetricBlock } from '../../src/base/metric-words.ts';
import { Method } from '../../src/contract/method.ts';
import { Origin } from '../../src/core/origin.ts';
import { BellListener, BellRope, createBellMemory } from '../../src/ring/bell.ts';
import { createRingMemory, recordBytes } from '../../src/ring/ring-layout.ts';
import { RingReader } from '../../src/ring/ring-reader.ts';
import { RingWriter } from '../../src/ring/ring-writer.ts';
import { Outcome, outcomeIndex } from '../../src/shard/outcome.ts';
import { REPLY_GRANTED, ReplyField, ReplyKind } from '../../src/shard/reply-record.ts';
import { RingReplyTarget } from '../../src/shard/ring-reply-target.ts';

function openTarget() {
  const memory = createRingMemory(4096);
  const bellMemory = createBellMemory();
  const bells: string[] = [];
  const counts = new Float64Array(MetricBlock.Replies.length);
  const target = new RingReplyTarget(
    new RingWriter(memory),
    new BellRope(bellMemory, () => bells.push('bell')),
    counts,
  );
  return { target, counts, reader: new RingReader(memory), listener: new BellListener(bellMemory), bells };
}

const origin = Object.assign(new Origin(), { session: 2 ** 53 - 1, route: -5, call: 77, form: 2 });

describe('RingReplyTarget', () => {
  it('writes a reply as the main thread reads it', () => {
    const { target, reader } = openTarget();
    const body = target.reserve(300);
    target.bytes.write('headDATAtrail', body);
    target.commit(origin, 9, true, Outcome.Ok, 4, 4, 5);
    target.publish();
    const payload = reader.next();
    const words = [...reader.words.subarray(payload >> 2, (payload >> 2) + 4)];
    expect([reader.kind, reader.length]).toEqual([ReplyKind.Reply, ReplyField.Body + 13]);
    expect(words).toEqual([REPLY_GRANTED | (2 << 8) | (9 << 16), -5, 77, 4 | (5 << 16)]);
    expect(reader.floats[(payload + ReplyField.Session) >> 3]).toBe(2 ** 53 - 1);
    expect(reader.bytes.toString('latin1', body, body + 13)).toBe('headDATAtrail');
  });

  it('counts each reply by its method and outcome', () => {
    const { target, reader, counts } = openTarget();
    for (const method of Object.values(Method)) {
      for (const outcome of Object.values(Outcome)) {
        for (let times = 0; times < method; times++) {
          target.reserve(0);
          target.commit(Object.assign(new Origin(), { method }), 0, false, outcome, 0, 0, 0);
          target.publish();
          while (reader.next() >= 0);
          reader.release();
        }
      }
    }
    target.reserve(0);
    target.signal(ReplyKind.Ready);
    const expected = new Map<number, number>();
    for (const method of Object.values(Method)) {
      for (const outcome of Object.values(Outcome)) expected.set(outcomeIndex(method, outcome), method);
    }
    expect(expected.size).toBe(Object.values(Method).length * Object.values(Outcome).length);
    expect([...counts]).toEqual(Array.from(counts, (_, index) => expected.get(index) ?? 0));
  });

  it('wakes a sleeping main thread only with something to read', () => {
    const { target, listener, bells } = openTarget();
    listener.announceSleep();
    target.publish();
    target.reserve(100);
    target.publish();
    expect(bells).toEqual([]);
    target.signal(ReplyKind.Ready);
    expect(bells).toEqual([]);
    target.publish();
    expect(bells).toEqual(['bell']);
    listener.announceSleep();
    target.publish();
    expect(bells).toEqual(['bell']);
  });

  it('writes debug lines as JSON', () => {
    const { target, reader } = openTarget();
    target.debug(12, 'Lock request', { lock: 'ключ', error: null });
    target.publish();
    const payload = reader.next();
    const json = reader.bytes.toString('utf8', payload + ReplyField.Body, payload + reader.length);
    expect(reader.kind).toBe(ReplyKind.DebugLine);
    expect(reader.floats[(payload + ReplyField.Session) >> 3]).toBe(12);
    expect(JSON.parse(json)).toEqual(['Lock request', { lock: 'ключ', error: null }]);
  });

  // Lengths of records are multiples of 8, and no record is longer than a quarter of its ring.
  it.each([
    { where: 'just below half of the ring', records: [1_024, 1_016], crowded: false },
    { where: 'half of the ring', records: [1_024, 1_024], crowded: false },
    { where: 'just above half of the ring', records: [1_024, 1_000, 32], crowded: true },
  ])('is crowded with more than half of its ring taken: $where', ({ records, crowded }) => {
    const { target, reader } = openTarget();
    expect(target.isCrowded).toBe(false);
    for (const bytes of records) {
      const bodyBytes = bytes - recordBytes(ReplyField.Body);
      target.reserve(bodyBytes);
      target.commit(origin, 0, false, Outcome.Ok, 0, bodyBytes, 0);
    }
    expect(target.isCrowded).toBe(crowded);
    target.publish();
    expect(target.isCrowded).toBe(crowded);
    // What is read makes room once it is given back.
    reader.next();
    expect(target.isCrowded).toBe(crowded);
    reader.release();
    expect(target.isCrowded).toBe(false);
  });

  it('blocks while the ring is full, and shows before what it has', { timeout: 30_000 }, async () => {
    const memory = createRingMemory(4096);
    const bellMemory = createBellMemory();
    const listener = new BellListener(bellMemory);
    const reader = new RingReader(memory);
    listener.announceSleep();
    const workerData = { memory, bellMemory, replies: 500 };
    const worker = new Worker(new URL('reply-flood.mjs', import.meta.url), { workerData });
    const [first] = await once(worker, 'message');
    // The ring is full, nobody has called publish, and still everything in it can be read.
    expect(first).toBe('bell');
    await new Promise((resolve) => setTimeout(resolve, 50));
    const calls: number[] = [];
    const stalls = once(worker, 'message');
    const endMs = performance.now() + 20_000;
    while (calls.length < 500 && performance.now() < endMs) {
      for (let payload = reader.next(); payload >= 0; payload = reader.next()) {
        calls.push(reader.words[(payload + ReplyField.Call) >> 2]!);
      }
      if (reader.release()) reader.wakeWriter();
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(calls).toEqual(Array.from({ length: 500 }, (_, i) => i));
    expect((await stalls)[0]).toBeGreaterThan(1);
  });
});
