// Listens at the socket path named to it from a moment in wall milliseconds on, says how that went, and exits when it is told to.
import { writeSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { IpcListener } from '../../../dist/src/server/ipc/ipc-listener.js';

const [, , path, startMs] = process.argv;
process.on('SIGTERM', () => process.exit(3));
setInterval(() => {}, 1000);
await sleep(Math.max(0, Number(startMs) - Date.now() - 20));
while (Date.now() < Number(startMs));
try {
  await IpcListener.open(path, {
    accept: (socket) => socket.on('error', () => {}).end('hello'),
    failed() {},
  });
  writeSync(1, 'won');
} catch (error) {
  writeSync(1, error.code);
}
