/**
 * Loaded into a server process by `--import`, with `--expose-gc`, so that its memory can be measured without what is
 * merely not collected yet: a message on the process's IPC channel says how many threads there are, and is answered when
 * all of them have collected.
 *
 * Node.js loads it into the workers, too. A shard never returns to its event loop, so there the question is looked for
 * where it goes to sleep, which it does at least once a second when it has no work.
 */
import { BroadcastChannel, isMainThread, receiveMessageOnPort } from 'node:worker_threads';

const questions = new BroadcastChannel('collect');
const answers = new BroadcastChannel('collected');

if (isMainThread) {
  questions.unref();
  answers.unref();
  let missing = 0;
  answers.onmessage = () => {
    missing--;
    if (missing === 0) process.send?.('collected');
  };
  process.on('message', (threads: number) => {
    globalThis.gc?.();
    missing = threads - 1;
    if (missing === 0) process.send?.('collected');
    else questions.postMessage(null);
  });
  // The channel alone is no reason to live.
  process.channel?.unref();
} else {
  const wait = Atomics.wait.bind(Atomics);
  const collectThenWait = (words: Int32Array, index: number, value: number, timeoutMs?: number) => {
    // It takes a BroadcastChannel, too, which its type does not say.
    if (receiveMessageOnPort(questions as never) !== undefined) {
      globalThis.gc?.();
      answers.postMessage(null);
    }
    return wait(words, index, value, timeoutMs);
  };
  Object.assign(Atomics, { wait: collectThenWait });
}
