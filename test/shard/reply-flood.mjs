import { parentPort, workerData } from 'node:worker_threads';
import { BellRope } from '../../dist/src/ring/bell.js';
import { RingWriter } from '../../dist/src/ring/ring-writer.js';
import { RingReplyTarget } from '../../dist/src/shard/ring-reply-target.js';

/** Writes more replies than the ring holds, and publishes only at the end. */
const { memory, bellMemory, replies } = workerData;
const bell = new BellRope(bellMemory, () => parentPort.postMessage('bell'));
const target = new RingReplyTarget(new RingWriter(memory), bell);
for (let call = 0; call < replies; call++) {
  target.reserve(200);
  target.commit({ session: 1, route: 2, call, form: 1, method: 1 }, 0, false, 8, 50, 100, 50);
}
target.publish();
parentPort.postMessage(target.stalls);
