// Counts in a file under a lock whose file is removed by each release: `node unlink-hammer-worker.mjs LOCK COUNTER CYCLES`.
// Begins when it is told to, so that several of them begin together.
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { setImmediate as turn } from 'node:timers/promises';
import { FileLock } from '../../dist/src/filelock/file-lock.js';

const [lockPath, counterPath, cycles] = process.argv.slice(2);
const lock = new FileLock(lockPath, { unlink: true });
process.send('ready');
await once(process, 'message');
for (let cycle = 0; cycle < Number(cycles); cycle++) {
  await lock.acquire();
  const count = Number(readFileSync(counterPath, 'utf8'));
  // Time for whoever should not be here to read the same number.
  await turn();
  writeFileSync(counterPath, String(count + 1));
  await lock.release();
  await turn();
}
process.disconnect();
