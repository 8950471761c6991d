// A second process for tests: acquires and releases the file named to it as its messages say, and answers each.
// `node file-lock-worker.mjs PATH [OPTIONS]`, with the options of FileLock in JSON. A signal has no JSON: acquire takes
// `abortAfterMs` for it.
import { FileLock } from '../../dist/src/filelock/file-lock.js';

const [path, options = '{}'] = process.argv.slice(2);
const lock = new FileLock(path, JSON.parse(options));

process.on('message', async ({ call, argument }) => {
  try {
    const { abortAfterMs, ...options } = argument ?? {};
    if (abortAfterMs !== undefined) options.signal = AbortSignal.timeout(abortAfterMs);
    const result = await lock[call](options);
    process.send({ word: result === false ? 'not held' : 'done', atMs: Date.now() });
  } catch (error) {
    process.send({ word: error instanceof DOMException ? error.name : error.code, atMs: Date.now() });
  }
});
