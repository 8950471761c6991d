import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { type AddressInfo, connect as connectSocket, type Socket } from 'node:net';
import { type ConnectionOptions, connect as connectTls, createServer } from 'node:tls';
import { describe, expect, it } from 'vitest';
import { type HandshakeEvents, TlsHandshakes } from '../../src/server/tls-handshakes.ts';
import { afterwards } from './running-server.ts';

const pem = (name: string): Buffer =>
  readFileSync(new URL(`../fixtures/tls/${name}.pem`, import.meta.url).pathname);
const ADDRESS = /^127\.0\.0\.1:\d+$/;

async function begin(more: Pick<HandshakeEvents, 'spokenInClear'> = {}) {
  const failures: (readonly [address: string, reason: string])[] = [];
  const handshakes = new TlsHandshakes();
  const server = createServer({ cert: pem('server'), key: pem('server-key') }, (socket) => {
    socket.on('error', () => {});
    socket.write('welcome');
  });
  handshakes.watch(server, { handshakeFailed: (...failure) => failures.push(failure), ...more });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  afterwards(() => {
    handshakes.destroy();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  const opened = <S extends Socket>(socket: S): S => {
    socket.on('error', () => {});
    afterwards(() => socket.destroy());
    return socket;
  };
  const secure = (options: ConnectionOptions) =>
    opened(connectTls({ port, host: '127.0.0.1', ca: pem('ca'), servername: 'localhost', ...options }));
  return { failures, handshakes, secure, plain: () => opened(connectSocket(port, '127.0.0.1')) };
}

/** Waits for the end of a socket, whatever it ends with. */
function closed(socket: Socket): Promise<unknown> {
  return new Promise((resolve) => socket.once('close', resolve));
}

describe('a TLS handshake', () => {
  it('is told of with address and reason when it fails, and its socket is ended', async () => {
    const { failures, secure, plain } = await begin();
    await closed(secure({ ca: pem('foreign-ca') }));
    await expect.poll(() => failures.length).toBe(1);
    const clear = plain();
    clear.resume().write('GET / HTTP/1.1\r\n\r\n');
    await closed(clear);
    expect(failures).toEqual([
      [expect.stringMatching(ADDRESS), 'the client ended the connection'],
      [expect.stringMatching(ADDRESS), expect.stringMatching(/http request/)],
    ]);
  });

  it('leaves the socket of who speaks HTTP in clear to whoever answers', async () => {
    const { failures, plain } = await begin({ spokenInClear: (socket) => void socket.end('TLS, please') });
    const clear = plain();
    clear.write('GET / HTTP/1.1\r\n\r\n');
    const [answer] = (await once(clear, 'data')) as [Buffer];
    expect(answer.toString()).toBe('TLS, please');
    expect(failures).toHaveLength(1);
  });

  it('is ended with all that are not done, and one that is done goes on', async () => {
    const { failures, handshakes, secure, plain } = await begin();
    const done = secure({});
    await once(done, 'data');
    const half = plain();
    await once(half, 'connect');
    // The server has seen it by then, because it answers who came later.
    await once(secure({}), 'data');
    handshakes.destroy();
    await closed(half.resume());
    expect(done.destroyed).toBe(false);
    expect(failures.every(([, reason]) => reason === 'the client ended the connection')).toBe(true);
  });
});
