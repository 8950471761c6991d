/** A server that sends back what it reads: the least that a server on sockets of Node.js can cost. Argument: address. */
import { createServer } from 'node:net';

const [address = ''] = process.argv.slice(2);
const colon = address.lastIndexOf(':');
const server = createServer({ noDelay: true }, (socket) => {
  socket.on('data', (bytes) => socket.write(bytes));
  socket.on('error', () => socket.destroy());
});
server.listen(Number(address.slice(colon + 1)), address.slice(0, colon));
