import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect as connectSocket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect as connectTls } from 'node:tls';
import { describe, expect, it } from 'vitest';
import { Limits } from '../../../src/base/limits.ts';
import type { StartOptions } from '../../../src/index.ts';
import { answerJson } from '../../../src/server/rest/answer.ts';
import { RestConnections } from '../../../src/server/rest/rest-connections.ts';
import { RestFailures } from '../../../src/server/rest/rest-failures.ts';
import { agent, ask } from '../admin/admin-request.ts';
import { expectFailuresToShut } from '../door.ts';
import { listenHurried } from '../hurried-server.ts';
import { LogLines } from '../log-lines.ts';
import { afterwards } from '../running-server.ts';
import { eventually, postBytes, RawRest, RestClient, runRest } from './rest-client.ts';

const ADDRESS = /^127\.0\.0\.1:\d+$/;
const fixture = (name: string): string => new URL(`../../fixtures/tls/${name}.pem`, import.meta.url).pathname;
const files = { tlsCertFile: fixture('server'), tlsKeyFile: fixture('server-key') };
const trusting = { ca: readFileSync(fixture('ca')), servername: 'localhost' };

async function begin(options: StartOptions = {}) {
  const log = new LogLines();
  const server = await runRest({ logger: log.logger, adminListenAddress: '127.0.0.1:0', ...options });
  /** What the metrics say: of broken connections, and of those that are open. */
  const counted = async (row: string): Promise<number> => {
    const scheme = options.tlsCertFile === undefined ? 'http' : 'https';
    const { text } = await ask(server, '/metrics', { dispatcher: agent({ connect: trusting }) }, scheme);
    return Number(
      text
        .split('\n')
        .find((line) => line.startsWith(`${row} `))
        ?.split(' ')[1],
    );
  };
  const failed = (): Promise<number> => counted('ldlm_connections_failed_total');
  const connected = (): Promise<number> => counted('ldlm_connections{protocol="rest"}');
  return { log, rest: server.rest, failed, connected };
}

/** A socket that speaks for a client, over TLS where a protocol is to be agreed on, and the one beneath it. */
async function dial(address: string, protocol: string | null) {
  const [host, port] = address.split(':');
  const raw = connectSocket(Number(port), host);
  const socket =
    protocol === null ? raw : connectTls({ ...trusting, socket: raw, ALPNProtocols: [protocol] });
  for (const some of [raw, socket]) some.on('error', () => {});
  afterwards(() => raw.destroy());
  await once(socket, protocol === null ? 'connect' : 'secureConnect');
  return { raw, socket: socket.resume() };
}

/** Connections of their own, with times so short that a test can wait for them. */
async function openConnections(answer: string) {
  const log = new LogLines();
  const arrivals = { failed: 0 };
  const clock = { nowMs: 1_000 };
  const connections = new RestConnections(
    (_request, response) => {
      if (answer !== '') answerJson(response, 200, answer, null, false);
    },
    60_000,
    () => clock.nowMs,
    new RestFailures(log.logger, () => arrivals.failed++),
  );
  const address = `127.0.0.1:${await listenHurried(connections, connections.createServer(null))}`;
  return { log, arrivals, clock, connections, address };
}

describe('a client of REST that breaks HTTP', () => {
  it.each([
    ['something else', 'SSH-2.0-OpenSSH_9.9\r\n', 'this is not a request of HTTP/1.1'],
    ['a length that is none', postBytes('/v1/lock', null, '').replace('0\r', 'x\r'), 'this is not a request'],
    [
      'too long a head',
      postBytes('/session', null, '', `X: ${'x'.repeat(Limits.restHeadBytesMax)}\r\n`),
      'longer',
    ],
  ])('leaves a line with its address and what it was told, and is counted: %s', async (_what, sent, told) => {
    const { log, rest, failed } = await begin();
    const raw = await RawRest.connect(rest);
    raw.send(sent);
    await raw.closed;
    expect(raw.text).toContain(told);
    expect(log.of('REST connection')).toMatchObject([
      {
        level: 'INFO',
        msg: 'REST connection failed',
        remote_address: expect.stringMatching(ADDRESS),
        error: expect.stringMatching(/^HPE_[A-Z_]+$/),
        reason: expect.stringContaining(told),
      },
    ]);
    expect(await failed()).toBe(1);
  });

  it('leaves one over TLS, and a failed handshake none of them', async () => {
    const { log, rest } = await begin(files);
    const raw = await RawRest.connect(rest, trusting);
    raw.send('SSH-2.0-OpenSSH_9.9\r\n');
    await raw.closed;
    expect(log.of('REST connection failed')).toHaveLength(1);
    const clear = await RawRest.connect(rest);
    clear.send('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
    await clear.closed;
    expect(log.of('REST TLS handshake failed')).toHaveLength(1);
    expect(log.of('REST connection')).toHaveLength(1);
  });

  it('leaves one when it speaks no HTTP/2 where it said that it would', async () => {
    const { log, rest } = await begin(files);
    const { socket } = await dial(rest, 'h2');
    socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
    await eventually(() => log.of('REST connection failed').length > 0);
    expect(log.of('REST connection')).toMatchObject([
      { remote_address: expect.stringMatching(ADDRESS), error: 'ERR_HTTP2_ERROR' },
    ]);
  });

  it('leaves none when it goes in order, or by a reset', async () => {
    const { log, rest, failed } = await begin();
    const client = await RestClient.begin(rest);
    await client.acquire('a');
    const ended = await RawRest.connect(rest);
    ended.socket.end(postBytes('/session', null, ''));
    await ended.closed;
    // As load balancers do who want to know whether somebody listens.
    const probe = await RawRest.connect(rest);
    probe.socket.end();
    await probe.closed;
    const reset = await RawRest.connect(rest);
    reset.send('POST /session HTTP/1.1\r\nHos');
    await sleep(50);
    reset.socket.resetAndDestroy();
    await sleep(100);
    expect(log.of('REST connection')).toEqual([]);
    expect(await failed()).toBe(0);
  });

  it('leaves no more than six lines a second when there are many, and all are counted', async () => {
    const { log, rest, failed } = await begin();
    const startMs = performance.now();
    for (let i = 0; i < 60; i++) {
      const raw = await RawRest.connect(rest);
      raw.send('GET\r\n\r\n');
      await raw.closed;
    }
    await sleep(1_100);
    const windows = 1 + Math.floor((performance.now() - startMs) / 1_000);
    const lines = log.of('REST connection failed');
    const told = lines.filter(({ count }) => count === undefined);
    const counted = lines.reduce((sum, { count }) => sum + Number(count ?? 0), 0);
    expect(told.length).toBeLessThanOrEqual(5 * windows);
    expect(told.length + counted).toBe(60);
    expect(counted).toBeGreaterThan(0);
    expect(await failed()).toBe(60);
  });

  it('counts as several newcomers, up to the limit and not beyond', async () => {
    const { rest } = await begin();
    const whole = 'GET / HTTP/1.1\r\nHost: x\r\n\r\n';
    await expectFailuresToShut({ address: rest, broken: 'GET\r\n\r\n', whole });
  });
});

const PREFACE = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0';

describe('a client of REST that goes away', () => {
  it.each([
    ['a head', 'http/1.1', 'POST /session HTTP/1.1\r\nHos'],
    ['a body', 'http/1.1', postBytes('/session', null, '{}').slice(0, -1)],
    ['the preface of HTTP/2', 'h2', PREFACE.slice(0, 10)],
    ['the header of a frame', 'h2', `${PREFACE}\0\0\x08\x06`],
    ['a frame', 'h2', `${PREFACE}\0\0\x08\x06\0\0\0\0\0abc`],
    ['a header block', 'h2', `${PREFACE}\0\0\x02\x01\0\0\0\0\x01\x83\x84`],
  ])('has broken nothing, though it went in the middle of %s', async (_what, protocol, sent) => {
    for (const isTls of protocol === 'h2' ? [true] : [false, true]) {
      const { log, rest, failed, connected } = await begin(isTls ? files : {});
      for (const isReset of [false, true]) {
        const { raw, socket } = await dial(rest, isTls ? protocol : null);
        socket.write(sent, 'latin1');
        await eventually(async () => (await connected()) === 1);
        await sleep(50);
        if (isReset) raw.resetAndDestroy();
        else socket.end();
        await eventually(async () => (await connected()) === 0);
      }
      expect(log.of('REST connection')).toEqual([]);
      expect(await failed()).toBe(0);
    }
  });
});

describe('a client of REST that is cut off', () => {
  it.each([
    ['sends nothing', ''],
    ['sends half a head', 'POST /v1/lock HTTP/1.1\r\nHost: x\r\n'],
    ['sends half a body', 'POST /v1/lock HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n{'],
  ])('leaves a line when it %s, and has broken nothing', async (_what, sent) => {
    const { log, arrivals, address } = await openConnections('');
    const raw = await RawRest.connect(address);
    raw.send(sent);
    await raw.closed;
    expect(raw.text).toMatch(/^HTTP\/1.1 408 /);
    expect(log.of('REST connection')).toMatchObject([
      {
        level: 'INFO',
        msg: 'REST connection cut off',
        remote_address: expect.stringMatching(ADDRESS),
        reason: 'the rest of the request did not come within 30 s',
      },
    ]);
    expect(arrivals.failed).toBe(0);
  });

  it('leaves a line when it does not read its answers', async () => {
    // More than the kernel keeps for the two of them.
    const { log, clock, connections, address } = await openConnections('x'.repeat(32 * 2 ** 20));
    const raw = await RawRest.connect(address);
    raw.socket.pause();
    raw.send('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
    await sleep(300);
    connections.sweep();
    clock.nowMs += Limits.restStalledMsMax;
    connections.sweep();
    expect(log.texts).toEqual([]);
    clock.nowMs += 1;
    connections.sweep();
    expect(log.of('REST connection cut off')).toMatchObject([
      { reason: 'it does not read its answers', remote_address: expect.stringMatching(ADDRESS) },
    ]);
    await eventually(() => connections.size === 0);
  });
});

describe('what else goes wrong with a client of REST', () => {
  it('leaves a line of its own kind, and tells how many more there were at the end', () => {
    const log = new LogLines();
    const failures = new RestFailures(log.logger, () => {});
    failures.streamCutOff('10.1.2.3:4', 'its answer is not read');
    failures.handshakeFailed('10.1.2.3:5', 'no shared cipher');
    for (let i = 0; i < 7; i++) failures.passwordRefused('10.1.2.3:6');
    failures.close();
    expect(log.lines.map(({ level, msg }) => `${level} ${msg}`)).toEqual([
      'INFO REST stream cut off',
      'INFO REST TLS handshake failed',
      ...Array<string>(5).fill('WARN Invalid password from client'),
      'WARN Invalid password from client: more than are told of one by one',
    ]);
    expect(log.lines.slice(1, 3)).toMatchObject([
      { remote_address: '10.1.2.3:5', reason: 'no shared cipher' },
      { client_addr: '10.1.2.3:6' },
    ]);
    expect(log.lines.at(-1)).toMatchObject({ count: 2 });
  });
});
