// Locks the file named to it, as a program or as a thread, says how that went, and holds the file until it is ended.
import { writeSync } from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';
import { openExclusiveFile } from '../../dist/src/filelock/exclusive-file.js';

const say = (word) => (parentPort === null ? writeSync(1, word) : parentPort.postMessage(word));

setInterval(() => {}, 1000);
try {
  await openExclusiveFile(workerData ?? process.argv[2]);
  say('locked');
} catch (error) {
  say(error.code);
}
