import { parentPort, workerData } from 'node:worker_threads';
import { BellRope } from '../../dist/src/ring/bell.js';

/** Counts up, rings, and waits until the main thread has seen the count. */
const { memory, counters, word, counts } = workerData;
const bell = new BellRope(memory, () => parentPort.postMessage(null));
for (let count = 1; count <= counts; count++) {
  Atomics.store(counters, word, count);
  bell.ring();
  while (Atomics.load(counters, word + 1) < count) Atomics.wait(counters, word + 1, count - 1);
}
