// Locks a file while no descriptor is left for loading what would lock it, then with room again, where no program flock is
// to be found: `node scarce-descriptors-worker.mjs PATH`. Says what came of each.
import { closeSync, openSync, writeSync } from 'node:fs';
import { FileLock } from '../../dist/src/filelock/file-lock.js';

const lock = new FileLock(process.argv[2]);
const look = () =>
  lock.acquire().then(
    () => 'locked',
    ({ code, cause }) => [code, cause.message, cause.cause?.code],
  );
process.env.PATH = '/nowhere';

const filler = [];
try {
  for (;;) filler.push(openSync('/dev/null'));
} catch {
  // For the file itself.
  closeSync(filler.pop());
}
const scarce = await look();
filler.forEach(closeSync);
writeSync(1, JSON.stringify([scarce, await look()]));
