import { connect as connectSocket, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { Limits } from '../../../src/base/limits.ts';
import type { StartOptions } from '../../../src/index.ts';
import { AdminFailures } from '../../../src/server/admin/admin-failures.ts';
import { expectFailuresToShut } from '../door.ts';
import { LogLines } from '../log-lines.ts';
import { afterwards, runServer } from '../running-server.ts';
import { agent, ask } from './admin-request.ts';

const ADDRESS = /^127\.0\.0\.1:\d+$/;
const fixture = (name: string): string => new URL(`../../fixtures/tls/${name}.pem`, import.meta.url).pathname;
const tls = { tlsCertFile: fixture('server'), tlsKeyFile: fixture('server-key') };

async function begin(options: StartOptions = {}) {
  const log = new LogLines();
  const admin = { adminListenAddress: '127.0.0.1:0', shards: 1, logger: log.logger };
  const server = await runServer({ ...admin, ...options });
  const address = server.adminAddresses[0]!;
  /** What the metrics say of connections that came to nothing. */
  const counted = async (what: 'failed' | 'turned_away'): Promise<number> => {
    const { text } = await ask(server, '/metrics');
    return Number(new RegExp(`^ldlm_connections_${what}_total (\\d+)$`, 'm').exec(text)![1]);
  };
  return { log, server, address, counted };
}

async function openSocket(address: string): Promise<Socket> {
  const [host, port] = address.split(':');
  const socket = connectSocket(Number(port), host);
  socket.on('error', () => {});
  afterwards(() => socket.destroy());
  await new Promise((resolve) => socket.once('connect', resolve));
  return socket;
}

/** Sends this, and waits for the end of the connection. */
async function send(address: string, bytes: string): Promise<void> {
  const socket = await openSocket(address);
  const closed = new Promise((resolve) => socket.once('close', resolve));
  socket.resume().write(bytes);
  await closed;
}

describe('a client of the admin listener that breaks HTTP', () => {
  it.each([
    ['something else', 'SSH-2.0-OpenSSH_9.9\r\n', 'this is not a request of HTTP/1.1'],
    [
      'a length that is none',
      'POST / HTTP/1.1\r\nContent-Length: x\r\n\r\n',
      'this is not a request of HTTP/1.1',
    ],
    [
      'too long a head',
      `GET / HTTP/1.1\r\nX: ${'x'.repeat(Limits.adminHeadBytesMax)}\r\n\r\n`,
      `the head of the request is longer than ${Limits.adminHeadBytesMax} bytes`,
    ],
  ])('leaves a line with its address and the reason, and is counted: %s', async (_what, sent, reason) => {
    const { log, address, counted } = await begin();
    await send(address, sent);
    expect(log.of('admin connection')).toMatchObject([
      {
        level: 'INFO',
        msg: 'admin connection failed',
        remote_address: expect.stringMatching(ADDRESS),
        error: expect.stringMatching(/^HPE_[A-Z_]+$/),
        reason,
      },
    ]);
    expect(await counted('failed')).toBe(1);
  });

  it('leaves none when it goes in order, or by a reset', async () => {
    const { log, server, address, counted } = await begin();
    expect(await ask(server, '/readyz')).toMatchObject({ status: 200 });
    // As load balancers do who want to know whether somebody listens.
    const probe = await openSocket(address);
    probe.resume().end();
    await new Promise((resolve) => probe.once('close', resolve));
    const reset = await openSocket(address);
    reset.write('GET / HTTP/1.1\r\nHos');
    await sleep(50);
    reset.resetAndDestroy();
    await sleep(100);
    expect(log.of('admin connection')).toEqual([]);
    expect(await counted('failed')).toBe(0);
  });

  it.each([
    ['a head', (_address: string) => 'GET / HTTP/1.1\r\nHos'],
    ['a body', (address: string) => `GET /readyz HTTP/1.1\r\nHost: ${address}\r\nContent-Length: 9\r\n\r\n{`],
  ])('leaves none when it goes in the middle of %s', async (_what, half) => {
    const { log, address, counted } = await begin();
    for (const isReset of [false, true]) {
      const socket = (await openSocket(address)).resume();
      socket.write(half(address));
      await sleep(50);
      if (isReset) socket.resetAndDestroy();
      else socket.end();
      await sleep(100);
    }
    expect(log.of('admin connection')).toEqual([]);
    expect(await counted('failed')).toBe(0);
  });

  it('leaves no more than six lines a second when there are many, and all are counted', async () => {
    const { log, address, counted } = await begin();
    const startMs = performance.now();
    for (let i = 0; i < 60; i++) await send(address, 'GET\r\n\r\n');
    await sleep(1_100);
    const windows = 1 + Math.floor((performance.now() - startMs) / 1_000);
    const lines = log.of('admin connection failed');
    const told = lines.filter(({ count }) => count === undefined);
    const more = lines.reduce((sum, { count }) => sum + Number(count ?? 0), 0);
    expect(told.length).toBeLessThanOrEqual(5 * windows);
    expect(told.length + more).toBe(60);
    expect(more).toBeGreaterThan(0);
    expect(await counted('failed')).toBe(60);
  });

  it('counts as several newcomers, up to the limit and not beyond', async () => {
    const { address } = await begin();
    const whole = `GET /healthz HTTP/1.1\r\nHost: ${address}\r\n\r\n`;
    await expectFailuresToShut({ address, broken: 'GET\r\n\r\n', whole });
  });
});

describe('a client of the admin listener that comes when it is full', () => {
  it('leaves a line, and is counted', async () => {
    const { log, address, counted } = await begin();
    const sockets: Socket[] = [];
    for (let i = 0; i < Limits.adminConnectionsMax; i++) sockets.push(await openSocket(address));
    expect(log.of('admin connection')).toEqual([]);
    await send(address, '');
    expect(log.of('admin connection')).toMatchObject([
      {
        level: 'WARN',
        msg: 'admin connection turned away',
        remote_address: expect.stringMatching(ADDRESS),
        reason: 'there are 256 others',
      },
    ]);
    for (const socket of sockets) socket.destroy();
    await expect.poll(() => counted('turned_away').catch(() => Number.NaN)).toBeGreaterThan(0);
  });
});

describe('a TLS handshake with the admin listener that fails', () => {
  it('leaves a line with the address and the reason, and no other', async () => {
    const { log, server, address } = await begin({ ...tls, clientCaFile: fixture('ca') });
    const dispatcher = agent({ connect: { ca: [], servername: 'localhost' } });
    await expect(ask(server, '/readyz', { dispatcher }, 'https')).rejects.toThrow();
    await expect.poll(() => log.of('admin')).toHaveLength(1);
    await send(address, 'GET / HTTP/1.1\r\nHost: x\r\n\r\n');
    await expect.poll(() => log.of('admin')).toHaveLength(2);
    const line = {
      level: 'INFO',
      msg: 'admin TLS handshake failed',
      remote_address: expect.stringMatching(ADDRESS),
    };
    expect(log.of('admin')).toMatchObject([
      { ...line, reason: 'the client ended the connection' },
      { ...line, reason: expect.stringMatching(/http request|wrong version number/) },
    ]);
  });
});

describe('what goes wrong with clients of the admin listener', () => {
  it('leaves a line of its own kind, and tells how many more there were at the end', () => {
    const log = new LogLines();
    let failed = 0;
    const failures = new AdminFailures(log.logger, () => failed++);
    failures.protocolBroken('10.1.2.3:4', 'HPE_INVALID_METHOD', 'this is none');
    failures.cutOff('10.1.2.3:5', 'it is late');
    failures.handshakeFailed('10.1.2.3:6', 'no shared cipher');
    failures.turnedAway('10.1.2.3:7', 'it is full');
    for (let i = 0; i < 7; i++) failures.passwordRefused('10.1.2.3:8', 'invalid credentials');
    failures.close();
    expect(log.lines.map(({ level, msg }) => `${level} ${msg}`)).toEqual([
      'INFO admin connection failed',
      'INFO admin connection cut off',
      'INFO admin TLS handshake failed',
      'WARN admin connection turned away',
      ...Array<string>(5).fill('WARN admin authentication failed'),
      'WARN admin authentication failed: more than are told of one by one',
    ]);
    expect(log.lines[2]).toMatchObject({ remote_address: '10.1.2.3:6', reason: 'no shared cipher' });
    expect(log.lines.at(-1)).toMatchObject({ count: 2 });
    expect(failed).toBe(1);
  });
});
