import { Buffer } from 'node:buffer';
import { setTimeout as sleep } from 'node:timers/promises';
import { openSockets, type Target } from './open-sockets.ts';

/** About as long as a request of the lock service with its frames. */
const MESSAGE_BYTES = 96;

/** Messages per second that an echo server sends back, with so many in flight on each connection. */
export async function measureEcho(
  target: Target,
  connections: number,
  inFlight: number,
  seconds: number,
  warmupSeconds: number,
): Promise<number> {
  let bytes = 0;
  await openSockets(target, connections, (socket) => {
    socket.on('error', () => socket.destroy());
    socket.write(Buffer.alloc(inFlight * MESSAGE_BYTES));
    return (chunk, length) => {
      bytes += length;
      socket.write(Buffer.from(chunk.subarray(0, length)));
    };
  });
  await sleep(warmupSeconds * 1000);
  bytes = 0;
  const fromMs = performance.now();
  await sleep(seconds * 1000);
  return bytes / MESSAGE_BYTES / ((performance.now() - fromMs) / 1000);
}
