import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { expect, it, onTestFinished } from 'vitest';
import { speaksTls } from '../../../src/cli/lock/speaks-tls.ts';

const pem = (name: string) =>
  readFileSync(new URL(`../../fixtures/tls/${name}.pem`, import.meta.url).pathname, 'utf8');

async function addressOf(server: Server): Promise<string> {
  onTestFinished(() => void server.close());
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

it('is so whatever the certificate says, and also where one of the client is wanted', async () => {
  for (const wanted of [{}, { requestCert: true, rejectUnauthorized: true, ca: pem('ca') }]) {
    for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
      const options = { ...wanted, maxVersion, cert: pem('server'), key: pem('server-key') };
      const server = createTlsServer(options, (socket) => void socket.on('error', () => {}));
      expect(await speaksTls(await addressOf(server)), maxVersion).toBe(true);
    }
  }
});

it('is not so where something else is said, the connection ends, or nobody listens', async () => {
  const talking = await addressOf(createServer((socket) => void socket.on('error', () => {}).end('hello')));
  const ending = await addressOf(createServer((socket) => void socket.on('error', () => {}).destroy()));
  for (const address of [talking, ending, '127.0.0.1:1'])
    expect(await speaksTls(address), address).toBe(false);
});

it('is not so where nothing is said for two seconds', async () => {
  const mute = createServer((socket) => void socket.on('error', () => {}));
  expect(await speaksTls(await addressOf(mute))).toBe(false);
});
