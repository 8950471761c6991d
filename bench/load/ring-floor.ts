/**
 * What the rings alone cost: records that a worker thread copies from one ring into the other, both sides asleep when
 * there is nothing to do. Everything else that a shard does comes on top of it.
 */
import { isMainThread, Worker, workerData } from 'node:worker_threads';
import { createRingMemory } from '../../src/ring/ring-layout.ts';
import { RingReader } from '../../src/ring/ring-reader.ts';
import { RingWriter } from '../../src/ring/ring-writer.ts';

/** About as long as a request's record. */
const RECORD_BYTES = 96;
const RING_BYTES = 1 << 20;
const RECORD = 1;
const EXIT = 2;
const SLEEP_MS = 1_000;

interface Rings {
  readonly requests: SharedArrayBuffer;
  readonly replies: SharedArrayBuffer;
}

/** Records per second that travel to another thread and back, with so many on their way. */
export async function measureRing(inFlight: number, seconds: number): Promise<number> {
  const rings: Rings = { requests: createRingMemory(RING_BYTES), replies: createRingMemory(RING_BYTES) };
  const worker = new Worker(new URL(import.meta.url), { workerData: rings });
  const writer = new RingWriter(rings.requests);
  const reader = new RingReader(rings.replies);
  send(writer, inFlight);
  // The thread's start is not part of it.
  let due = receive(reader);
  const fromMs = performance.now();
  const untilMs = fromMs + seconds * 1000;
  let records = 0;
  while (performance.now() < untilMs) {
    send(writer, due);
    due = receive(reader);
    records += due;
  }
  const rate = records / ((performance.now() - fromMs) / 1000);
  writer.reserve(0);
  writer.commit(EXIT, 0);
  writer.publish();
  await worker.terminate();
  return rate;
}

function send(writer: RingWriter, count: number): void {
  for (let i = 0; i < count; i++) {
    const payload = writer.reserve(RECORD_BYTES);
    for (let k = 0; k < RECORD_BYTES; k++) writer.bytes[payload + k] = k;
    writer.commit(RECORD, RECORD_BYTES);
  }
  writer.publish();
}

/** Takes all records that are there, at least one. */
function receive(reader: RingReader): number {
  let count = 0;
  while (reader.next() >= 0) count++;
  while (count === 0) {
    reader.sleep(SLEEP_MS);
    while (reader.next() >= 0) count++;
  }
  reader.release();
  return count;
}

function echo({ requests, replies }: Rings): void {
  const reader = new RingReader(requests);
  const writer = new RingWriter(replies);
  for (;;) {
    for (let from = reader.next(); from >= 0; from = reader.next()) {
      if (reader.kind === EXIT) return;
      const to = writer.reserve(reader.length);
      for (let k = 0; k < reader.length; k++) writer.bytes[to + k] = reader.bytes[from + k]!;
      writer.commit(RECORD, reader.length);
    }
    reader.release();
    writer.publish();
    reader.sleep(SLEEP_MS);
  }
}

if (!isMainThread && workerData !== null && 'requests' in workerData) echo(workerData as Rings);
