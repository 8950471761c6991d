/*
 * A listener that closes whatever comes, at the least cost that Node.js has: what a flood of connects takes from a
 * machine of few processors whichever server it meets. Sends its port over IPC.
 */
import { connect, createServer } from 'node:net';

const server = createServer((socket) => socket.on('error', () => {}).resume());
server.listen(0, '127.0.0.1', () => {
  const { port } = server.address();
  server.maxConnections = 1;
  // One is let in; who comes while it is there is dropped.
  const first = connect(port, '127.0.0.1', () => process.send(port));
  first.on('error', () => {});
});
process.on('disconnect', () => process.exit());
