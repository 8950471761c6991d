import { Worker } from 'node:worker_threads';
import { Bench } from 'tinybench';
import { createRingMemory } from '../src/ring/ring-layout.ts';
import { RingReader } from '../src/ring/ring-reader.ts';
import { RingWriter } from '../src/ring/ring-writer.ts';

/** About as long as a request's record. */
const RECORD_BYTES = 96;
const RING_BYTES = 1 << 20;
const KIND = 1;
const SLEEP_MS = 1_000;

/** Records through a ring on one thread, and there and back between two threads that sleep when they can. */
export function ringBench(): Bench {
  const bench = new Bench({ name: 'ring', time: 500, warmupTime: 100 });
  addOneThread(bench, 1);
  addOneThread(bench, 1000);
  addRoundTrip(bench, 1);
  addRoundTrip(bench, 100);
  return bench;
}

function addOneThread(bench: Bench, records: number): void {
  const memory = createRingMemory(RING_BYTES);
  const writer = new RingWriter(memory);
  const reader = new RingReader(memory);
  bench.add(`write, publish, read and release x ${records}`, () => {
    write(writer, records);
    readAll(reader);
  });
}

function addRoundTrip(bench: Bench, records: number): void {
  const requests = createRingMemory(RING_BYTES);
  const replies = createRingMemory(RING_BYTES);
  const writer = new RingWriter(requests);
  const reader = new RingReader(replies);
  let echo: Worker | null = null;
  bench.add(
    `there and back between threads x ${records}`,
    () => {
      write(writer, records);
      for (let left = records; left > 0; left -= readAll(reader))
        if (reader.isEmpty()) reader.sleep(SLEEP_MS);
    },
    {
      // Told, because tinybench would find out by a call, and the other thread is not there yet.
      async: false,
      beforeAll: () => {
        const workerData = { requests, replies };
        echo ??= new Worker(new URL('load/ring-floor.js', import.meta.url), { workerData });
      },
      afterAll: (mode) => {
        if (mode === 'run') void echo?.terminate();
      },
    },
  );
}

function write(writer: RingWriter, records: number): void {
  for (let i = 0; i < records; i++) {
    const payload = writer.reserve(RECORD_BYTES);
    for (let k = 0; k < RECORD_BYTES; k++) writer.bytes[payload + k] = k;
    writer.commit(KIND, RECORD_BYTES);
  }
  writer.publish();
}

function readAll(reader: RingReader): number {
  let records = 0;
  while (reader.next() >= 0) records++;
  reader.release();
  return records;
}
