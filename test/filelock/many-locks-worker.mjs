// Takes as many locks as there are descriptors for, in the folder named to it, and says how many and what came then.
import { writeSync } from 'node:fs';
import { join } from 'node:path';
import { FileLock } from '../../dist/src/filelock/file-lock.js';

const locks = [];
try {
  for (;;) {
    const lock = new FileLock(join(process.argv[2], `${locks.length}.lock`));
    await lock.acquire();
    locks.push(lock);
  }
} catch (error) {
  // One that was given back is enough for another.
  await locks.pop().release();
  await locks[0].release();
  await locks[0].acquire();
  writeSync(1, JSON.stringify({ count: locks.length, code: error.code, cause: error.cause.code }));
}
