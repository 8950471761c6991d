import { parentPort, workerData } from 'node:worker_threads';
import { RingReader } from '../../dist/src/ring/ring-reader.js';
import { RingWriter } from '../../dist/src/ring/ring-writer.js';
import { Requester } from './requester.mjs';

/** The side of the requests, blocking: sleeps for replies, and the echo's notification wakes it. */
const { requestMemory, replyMemory, records, seed } = workerData;
const requester = new Requester(new RingWriter(requestMemory), new RingReader(replyMemory), records, seed);
let longestSleepMs = 0;
let sleeps = 0;
while (!requester.done && requester.fault === null) {
  if (requester.turn()) continue;
  const startMs = performance.now();
  requester.replies.sleep(20_000);
  longestSleepMs = Math.max(longestSleepMs, performance.now() - startMs);
  sleeps++;
}
parentPort.postMessage({ fault: requester.fault, received: requester.received, sleeps, longestSleepMs });
