import { parentPort, workerData } from 'node:worker_threads';
import { BellRope } from '../../dist/src/ring/bell.js';
import { RingReader } from '../../dist/src/ring/ring-reader.js';
import { RingWriter } from '../../dist/src/ring/ring-writer.js';
import { hasPattern, RecordPattern } from './record-pattern.mjs';

/**
 * Checks every record that it reads and sends it back, as a shard would: it blocks for records and for room, and
 * wakes the other side by bell when there is one, else by notification. Posts what it saw.
 */
const { requestMemory, replyMemory, bellMemory, records, seed } = workerData;
const requests = new RingReader(requestMemory);
const replies = new RingWriter(replyMemory);
const bell = new BellRope(bellMemory, () => parentPort.postMessage('bell'));
const expected = new RecordPattern(seed);
let received = 0;
let sleeps = 0;
let longestSleepMs = 0;

function publish() {
  replies.publish();
  bell.ring();
}

function timeSleep(sleep) {
  const startMs = performance.now();
  sleep();
  longestSleepMs = Math.max(longestSleepMs, performance.now() - startMs);
  sleeps++;
}

function echo(payload, length) {
  let out = replies.reserve(length);
  while (out < 0) {
    publish();
    timeSleep(() => replies.sleepForRoom(20_000));
    out = replies.reserve(length);
  }
  for (let i = 0; i < length; i++) replies.bytes[out + i] = requests.bytes[payload + i];
  replies.commit(requests.kind, length);
}

let fault = null;
while (received < records && fault === null) {
  let batch = 0;
  for (; batch < 256; batch++) {
    const payload = requests.next();
    if (payload < 0) break;
    const length = expected.nextLength();
    const seed = expected.nextSeed();
    if (
      requests.length !== length ||
      requests.kind !== received ||
      !hasPattern(requests.bytes, payload, length, seed)
    )
      fault = `record ${received}: kind ${requests.kind}, ${requests.length} bytes for ${length}`;
    echo(payload, requests.length);
    received++;
  }
  publish();
  if (requests.release()) bell.ring();
  if (batch === 0) timeSleep(() => requests.sleep(20_000));
}
parentPort.postMessage({ fault, received, sleeps, longestSleepMs });
