/** A `tls` server that only keeps its connections: what TLS itself costs. Arguments: address, certificate, key. */
import { readFileSync } from 'node:fs';
import { createServer } from 'node:tls';

const [address = '', certFile = '', keyFile = ''] = process.argv.slice(2);
const colon = address.lastIndexOf(':');
const server = createServer(
  { cert: readFileSync(certFile), key: readFileSync(keyFile), ALPNProtocols: ['h2'] },
  (socket) => {
    socket.on('data', () => {});
    socket.on('error', () => socket.destroy());
  },
);
server.listen(Number(address.slice(colon + 1)), address.slice(0, colon));
