import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { networkInterfaces } from 'node:os';
import { createServer as createTlsServer, type TLSSocket, type TlsOptions } from 'node:tls';
import type { buildConnector } from 'undici';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import type { TlsOptions as ClientTls } from '../../src/client/client-options.ts';
import { InvalidOptionError } from '../../src/client/errors.ts';
import { HttpConnector } from '../../src/client/http-connector.ts';

const fixture = (name: string): string => new URL(`../fixtures/tls/${name}.pem`, import.meta.url).pathname;
const pem = (name: string): Buffer => readFileSync(fixture(name));
const ca = fixture('ca');
const serverTls: TlsOptions = {
  cert: pem('server'),
  key: pem('server-key'),
  ALPNProtocols: ['h2', 'http/1.1'],
};
const hasIPv6 = Object.values(networkInterfaces()).some((all) => all?.some((each) => each.address === '::1'));

/** A server that says hello to whoever it lets in; its port. */
async function listen(tls: TlsOptions | null, welcome: (socket: Socket) => void = greet, host = '127.0.0.1') {
  const sockets = new Set<Socket>();
  const server = tls === null ? createServer(welcome) : createTlsServer(tls, welcome);
  server.on('tlsClientError', () => {});
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => sockets.delete(socket));
  });
  server.listen(0, host);
  await once(server, 'listening');
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return { port: String((server.address() as AddressInfo).port), sockets, server };
}

function greet(socket: Socket): void {
  socket.on('error', () => {});
  socket.write('hello');
}

/** Opens a connection; what is called back is noted in `calls`. */
function open(connector: HttpConnector, port: string, hostname = '127.0.0.1') {
  const calls: unknown[] = [];
  const opened = new Promise<Socket>((resolve, reject) => {
    const callback: buildConnector.Callback = (...[error, socket]) => {
      calls.push(error ?? 'open');
      if (socket === null) return reject(error);
      onTestFinished(() => void socket.destroy());
      resolve(socket);
    };
    connector.open({ hostname, port, protocol: 'http:' }, callback);
  });
  opened.catch(() => {});
  return { calls, opened };
}

async function connect(tls: ClientTls | null, port: string, hostname?: string): Promise<Socket> {
  return open(new HttpConnector(tls), port, hostname).opened;
}

describe('a connection in clear', () => {
  it('is open when it is called back, and speaks', async () => {
    const { port } = await listen(null);
    const socket = await connect(null, port);
    expect(String((await once(socket, 'data'))[0])).toBe('hello');
  });

  it.skipIf(!hasIPv6)('may be one of IPv6', async () => {
    const { port } = await listen(null, greet, '::1');
    expect((await connect(null, port, '::1')).remoteFamily).toBe('IPv6');
  });

  it('is refused where nobody listens', async () => {
    const { port, server } = await listen(null);
    server.close();
    await expect(connect(null, port)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  });

  it.each([
    ['80 in clear', null, 80],
    ['443 with TLS', {}, 443],
  ])('has the port %s where none is named', async (_, tls, port) => {
    const failure: unknown = await connect(tls, '').catch((error: unknown) => error);
    // Somebody may listen there after all.
    const actual =
      failure instanceof Error ? (failure as { port?: number }).port : (failure as Socket).remotePort;
    expect(actual ?? port).toBe(port);
  });

  it('is called back once, whatever becomes of it later', async () => {
    const { port } = await listen(null);
    const { calls, opened } = open(new HttpConnector(null), port);
    const socket = await opened;
    socket.destroy(new Error('broken'));
    await new Promise((resolve) => socket.once('close', resolve));
    expect(calls).toEqual(['open']);
  });
});

describe('a connection with TLS', () => {
  it.each<[string, ClientTls]>([
    ['of the authority that is given', { ca }],
    ['of an authority that is given itself', { ca: pem('ca') }],
    ['with the name that is given', { ca, serverName: 'localhost' }],
    ['of anybody when it is not verified', { skipVerify: true }],
    ['with any name when it is not verified', { skipVerify: true, serverName: 'example.org' }],
  ])('takes a certificate %s, for HTTP/1.1', async (_, tls) => {
    const { port } = await listen(serverTls);
    const socket = (await connect(tls, port)) as TLSSocket;
    expect([socket.encrypted, socket.alpnProtocol]).toEqual([true, 'http/1.1']);
    expect(String((await once(socket, 'data'))[0])).toBe('hello');
  });

  it('tells the server the name of the host, or the one that is given', async () => {
    const names: unknown[] = [];
    const { port } = await listen(serverTls, (socket) => names.push((socket as TLSSocket).servername));
    const told = async (tls: ClientTls, host?: string): Promise<unknown> => {
      await connect(tls, port, host);
      await expect.poll(() => names.length, { timeout: 10_000 }).toBe(1);
      return names.pop();
    };
    expect(await told({ ca }, 'localhost')).toBe('localhost');
    expect(await told({ skipVerify: true, serverName: 'example.org' })).toBe('example.org');
    expect(await told({ ca })).toBe(false);
  });

  it.each<[string, ClientTls, string]>([
    ['of another authority', { ca: fixture('foreign-ca') }, 'UNABLE_TO_VERIFY_LEAF_SIGNATURE'],
    ['of an authority that the system does not know', {}, 'UNABLE_TO_VERIFY_LEAF_SIGNATURE'],
    ['with another name', { ca, serverName: 'example.org' }, 'ERR_TLS_CERT_ALTNAME_INVALID'],
  ])('is refused a certificate %s', async (_, tls, code) => {
    const { port } = await listen(serverTls);
    await expect(connect(tls, port)).rejects.toMatchObject({ code });
  });

  it('shows the certificate of the client', async () => {
    const mutual = { ...serverTls, ca: pem('ca'), requestCert: true, rejectUnauthorized: false };
    const subjects: unknown[] = [];
    const { port } = await listen(mutual, (socket) => {
      const { subject } = (socket as TLSSocket).getPeerCertificate();
      subjects.push(subject?.CN ?? null);
    });
    await connect({ ca, cert: fixture('client'), key: pem('client-key') }, port);
    await expect.poll(() => subjects, { timeout: 10_000 }).toEqual(['LDLM test client']);
    await connect({ ca }, port);
    await expect.poll(() => subjects, { timeout: 10_000 }).toEqual(['LDLM test client', null]);
  });

  it('fails when the other side speaks something else, or ends it before it is open', async () => {
    const wrong = await listen(null, (socket) => void socket.end('220 mail.example ESMTP\r\n'));
    await expect(connect({ ca }, wrong.port)).rejects.toBeInstanceOf(Error);
    const closing = await listen(null, (socket) => void socket.destroy());
    const { calls, opened } = open(new HttpConnector({ ca }), closing.port);
    await expect(opened).rejects.toBeInstanceOf(Error);
    expect(calls).toHaveLength(1);
  });

  it.each<[string, ClientTls, string]>([
    ['a file that is not there', { ca: '/nowhere/ca.pem' }, 'tls.ca: ENOENT'],
    ['a key alone', { key: fixture('client-key') }, 'tls.cert and tls.key go together'],
    ['a key of another one', { cert: fixture('client'), key: fixture('server-key') }, 'tls cannot be used'],
  ])('is not even tried with %s', (_, tls, message) => {
    expect(() => new HttpConnector(tls)).toThrow(InvalidOptionError);
    expect(() => new HttpConnector(tls)).toThrow(message);
  });
});

describe('a connection that does not open', () => {
  it('is given up when nobody waits for it any more, and no other one is', async () => {
    const [silent, clear] = [await listen(null, (socket) => socket.resume()), await listen(serverTls)];
    const connector = new HttpConnector({ ca });
    const kept = await open(connector, clear.port).opened;
    const { opened } = open(connector, silent.port);
    await expect.poll(() => silent.sockets.size, { timeout: 10_000 }).toBe(1);
    connector.abandon();
    await expect(opened).rejects.toThrow('the connection was closed before it was open');
    await expect.poll(() => silent.sockets.size, { timeout: 10_000 }).toBe(0);
    expect(kept.destroyed).toBe(false);
  });

  it('is given up after ten seconds, and one that is open is not', async () => {
    const silent = await listen(null, (socket) => socket.resume());
    const connector = new HttpConnector({ ca });
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    onTestFinished(() => void vi.useRealTimers());
    const kept = await open(new HttpConnector(null), silent.port).opened;
    const { calls, opened } = open(connector, silent.port);
    vi.advanceTimersByTime(9_999);
    expect(calls).toEqual([]);
    vi.advanceTimersByTime(1);
    await expect(opened).rejects.toThrow('no connection within 10000 ms');
    expect(kept.destroyed).toBe(false);
  });
});
