import { readFileSync } from 'node:fs';
import { connect as connectSocket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { type ConnectionOptions, connect as connectTls } from 'node:tls';
import { describe, expect, it } from 'vitest';
import { Limits } from '../../src/base/limits.ts';
import type { StartOptions } from '../../src/index.ts';
import { ServiceRegistry } from '../../src/protocol/grpc/service-method.ts';
import { FrameType } from '../../src/protocol/http2/frame.ts';
import { LogLines } from './log-lines.ts';
import { RawPeer } from './raw-peer.ts';
import { request } from './raw-request.ts';
import { afterwards, connect, runServer } from './running-server.ts';
import { openServicePort } from './services/service-port.ts';

const PREFACE = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0';
const ADDRESS = /^127\.0\.0\.1:\d+$/;

async function begin(options: StartOptions = {}) {
  const log = new LogLines();
  const server = await runServer({ logger: log.logger, ...options });
  const [host, port] = server.address.split(':');
  const peerOf = async (preface = true): Promise<RawPeer> => {
    const peer = await RawPeer.connect(server.address, preface);
    afterwards(() => peer.socket.destroy());
    return peer;
  };
  return { log, server, address: server.address, host: host!, port: Number(port), peerOf };
}

/** The lines of one message, once there is one. */
async function linesOf(log: LogLines, message: string) {
  await expect.poll(() => log.of(message).length, { timeout: 5_000 }).toBeGreaterThan(0);
  return log.of(message);
}

describe('a peer that breaks HTTP/2', () => {
  it('leaves a line with the error, what it was told, its address and its session', async () => {
    const { log, peerOf } = await begin();
    const peer = await peerOf();
    peer.send(FrameType.Ping, 0, 0, Buffer.alloc(3));
    await peer.closing();
    const [started] = log.of('Session started');
    expect(await linesOf(log, 'gRPC connection failed')).toMatchObject([
      {
        level: 'INFO',
        error: 'FRAME_SIZE_ERROR',
        reason: expect.stringContaining('PING'),
        remote_address: expect.stringMatching(ADDRESS),
        session_id: started?.['session_id'],
      },
    ]);
  });

  it('leaves one when it speaks something else', async () => {
    const { log, address, peerOf } = await begin();
    await fetch(`http://${address}/`);
    const peer = await peerOf(false);
    peer.socket.write('SSH-2.0-OpenSSH_9.9\r\n'.repeat(3));
    await peer.closing();
    await expect
      .poll(() => log.of('gRPC connection failed'))
      .toMatchObject([
        { error: 'HTTP_1_1_REQUIRED', reason: 'the peer speaks HTTP/1' },
        { error: 'PROTOCOL_ERROR', reason: 'invalid connection preface' },
      ]);
  });

  it('leaves none when it goes in order, or by a reset', async () => {
    const { log, address, peerOf } = await begin();
    const client = connect(address);
    await client.tryLock({ name: 'a' });
    client.close();
    const peer = await peerOf();
    await peer.frame((frame) => frame.type === FrameType.Settings);
    peer.socket.resetAndDestroy();
    await expect.poll(() => log.of('Session ended')).toHaveLength(2);
    expect(log.of('gRPC connection')).toEqual([]);
  });

  it.each([
    ['the preface', 'PRI * HTTP/2.0\r\n'],
    ['the header of a frame', `${PREFACE}\0\0\x08\x06`],
    ['a frame', `${PREFACE}\0\0\x08\x06\0\0\0\0\0abc`],
    ['a header block', `${PREFACE}\0\0\x02\x01\0\0\0\0\x01\x83\x86`],
  ])('leaves none when it goes in the middle of %s', async (_what, sent) => {
    const { log, peerOf } = await begin();
    for (const isReset of [false, true]) {
      const { socket } = await peerOf(false);
      socket.write(sent, 'latin1');
      await sleep(50);
      if (isReset) socket.resetAndDestroy();
      else socket.end();
    }
    await expect.poll(() => log.of('Session ended'), { timeout: 5_000 }).toHaveLength(2);
    expect(log.of('gRPC connection')).toEqual([]);
  });

  it('leaves no more than six lines a second when there are many', async () => {
    const { log, peerOf } = await begin();
    const startMs = performance.now();
    for (let i = 0; i < 60; i++) {
      const peer = await peerOf();
      peer.send(FrameType.Ping, 0, 0, Buffer.alloc(3));
      await peer.closing();
    }
    await sleep(1_100);
    const windows = 1 + Math.floor((performance.now() - startMs) / 1_000);
    const told = log.of('gRPC connection failed').filter(({ count }) => count === undefined);
    const counted = log.of('gRPC connection failed').map(({ count }) => Number(count ?? 0));
    expect(told.length).toBeLessThanOrEqual(5 * windows);
    expect(told.length + counted.reduce((sum, count) => sum + count, 0)).toBe(60);
    expect(Math.max(...counted)).toBeGreaterThan(0);
  });
});

describe('a peer that is cut off', () => {
  it('leaves a line when it does not answer keepalive', async () => {
    const { log, peerOf } = await begin({ keepaliveIntervalMs: 1_000, keepaliveTimeoutMs: 500 });
    const peer = await peerOf();
    await peer.closing();
    expect(await linesOf(log, 'gRPC connection cut off')).toMatchObject([
      { reason: 'it does not answer keepalive pings', remote_address: expect.stringMatching(ADDRESS) },
    ]);
  });

  it('leaves a line when it lets its replies pile up', { timeout: 30_000 }, async () => {
    const { log, address, server, peerOf } = await begin();
    const holder = connect(address);
    // More than Limits.outputBytesMax in all.
    const names = Array.from({ length: 400 }, (_, i) => `${'n'.repeat(60_000)}/${i}`);
    for (const name of names) await holder.lock({ name });
    const peer = await peerOf();
    peer.send(FrameType.Settings, 0, 0, Buffer.from('00047fffffff', 'hex'));
    peer.send(FrameType.WindowUpdate, 0, 0, Buffer.of(0x7f, 0, 0, 0));
    for (const [i, name] of names.entries()) request(peer, 2 * i + 1, 'Lock', name);
    await expect.poll(() => server.stats().waiters, { timeout: 10_000 }).toBe(names.length);
    peer.socket.pause();
    holder.close();
    expect(await linesOf(log, 'gRPC connection cut off')).toMatchObject([
      { reason: 'it lets its replies pile up' },
    ]);
  });

  it('leaves a line when it does not read', async () => {
    const log = new LogLines();
    let skippedMs = 0;
    const flood = {
      path: '/test.Flood/Run',
      open: true,
      start: (call: { send(message: Uint8Array): void }) => ({
        message() {
          for (let i = 0; i < 12; i++) call.send(Buffer.alloc(2 ** 20));
        },
        halfClosed() {},
        cancelled() {},
      }),
    };
    const port = await openServicePort(new ServiceRegistry([flood]), '', {
      logger: log.logger,
      nowMs: () => performance.now() + skippedMs,
    });
    afterwards(() => port.close());
    const peer = await RawPeer.connect(port.address);
    afterwards(() => peer.socket.destroy());
    await peer.frame((frame) => frame.type === FrameType.Settings);
    peer.send(FrameType.Settings, 0, 0, Buffer.from('00047fffffff', 'hex'));
    peer.send(FrameType.WindowUpdate, 0, 0, Buffer.of(0x7f, 0, 0, 0));
    peer.socket.pause();
    request(peer, 1, 'Run', 'x', 'test.Flood');
    await sleep(300);
    skippedMs = Limits.outputStalledMsMax - 5_000;
    await sleep(1_200);
    expect(log.of('gRPC connection')).toEqual([]);
    skippedMs = Limits.outputStalledMsMax + 1_000;
    expect(await linesOf(log, 'gRPC connection cut off')).toMatchObject([
      { reason: 'it does not read its replies' },
    ]);
  });

  it('leaves a line when it does not begin HTTP/2', async () => {
    const log = new LogLines();
    let skippedMs = 0;
    const port = await openServicePort(new ServiceRegistry([]), '', {
      logger: log.logger,
      nowMs: () => performance.now() + skippedMs,
    });
    afterwards(() => port.close());
    const peer = await RawPeer.connect(port.address, false);
    afterwards(() => peer.socket.destroy());
    skippedMs = Limits.handshakeMsMax + 1_000;
    expect(await linesOf(log, 'gRPC connection cut off')).toMatchObject([
      { reason: 'it does not begin HTTP/2' },
    ]);
  });
});

describe('a TLS handshake that fails', () => {
  const fixture = (name: string): string => new URL(`../fixtures/tls/${name}.pem`, import.meta.url).pathname;
  const pem = (name: string): string => readFileSync(fixture(name), 'utf8');
  const tls = { tlsCertFile: fixture('server'), tlsKeyFile: fixture('server-key') };

  async function reasonsOf(settings: StartOptions, attempt: (port: number, host: string) => void) {
    const { log, port, host } = await begin({ ...tls, ...settings });
    attempt(port, host);
    const lines = await linesOf(log, 'gRPC TLS handshake failed');
    for (const line of lines) expect(line['remote_address']).toMatch(ADDRESS);
    return lines.map(({ reason }) => reason);
  }

  const shakeHands =
    (options: ConnectionOptions) =>
    (port: number, host: string): void => {
      const socket = connectTls({ port, host, ca: pem('ca'), ALPNProtocols: ['h2'], ...options });
      socket.on('error', () => {});
      afterwards(() => socket.destroy());
    };

  it('leaves a line when a client does not trust the server', async () => {
    expect(await reasonsOf({}, shakeHands({ ca: pem('foreign-ca') }))).toEqual([
      'the client ended the connection',
    ]);
  });

  it('leaves a line when a client has no certificate, or one that is not trusted', async () => {
    const mutual = { clientCaFile: fixture('ca') };
    expect(await reasonsOf(mutual, shakeHands({}))).toEqual(['peer did not return a certificate']);
    const foreign = { cert: pem('foreign-client'), key: pem('foreign-client-key') };
    expect(await reasonsOf(mutual, shakeHands(foreign))).toEqual(['UNABLE_TO_VERIFY_LEAF_SIGNATURE']);
  });

  it('leaves a line when what comes is no TLS, or the client goes in between', async () => {
    const plain = (text: string, end: boolean) => (port: number, host: string) => {
      const socket = connectSocket(port, host, () => (end ? socket.end(text) : socket.write(text)));
      socket.on('error', () => {});
      afterwards(() => socket.destroy());
    };
    expect(await reasonsOf({}, plain('GET / HTTP/1.1\r\n\r\n', false))).toEqual([
      expect.stringMatching(/http request|wrong version number/),
    ]);
    expect(await reasonsOf({}, plain('\x16\x03\x01', true))).toEqual(['the client ended the connection']);
  });
});

describe('a wrong password', () => {
  it('leaves a warning with the address, and nothing of the password', async () => {
    const { log, address } = await begin({ password: 'correct horse' });
    const wrong = connect(address, { password: 'battery staple' });
    for (let i = 0; i < 20; i++)
      await expect(wrong.tryLock({ name: 'a' })).rejects.toThrow('invalid credentials');
    await expect(connect(address).tryLock({ name: 'a' })).rejects.toThrow('missing credentials');
    const lines = log.of('gRPC authentication failed');
    expect(lines[0]).toMatchObject({
      level: 'WARN',
      reason: 'invalid credentials',
      remote_address: expect.stringMatching(ADDRESS),
    });
    expect(lines.at(-1)).toMatchObject({ reason: 'missing credentials', session_id: expect.any(String) });
    // Of twenty equal calls the first two are told of: only from the second on do clients send index bytes.
    expect(lines.length).toBeLessThanOrEqual(3);
    expect(log.texts.join('')).not.toMatch(/horse|staple/);
  });

  it('leaves a few lines a second when somebody tries many', async () => {
    const { log, address } = await begin({ password: 'correct horse' });
    const tries = Array.from({ length: 200 }, (_, i) => connect(address, { password: `try ${i}` }));
    await Promise.all(tries.map((client) => client.tryLock({ name: 'a' }).catch(() => {})));
    await sleep(1_100);
    const lines = log.of('gRPC authentication failed');
    const count = lines.reduce((sum, line) => sum + Number(line['count'] ?? 0), 0);
    const told = lines.filter((line) => line['count'] === undefined).length;
    expect(told + count).toBe(200);
    expect(told).toBeLessThan(30);
    expect(log.texts.join('')).not.toMatch(/try \d/);
  });
});
