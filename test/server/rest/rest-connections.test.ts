import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { connect as connectHttp2 } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { describe, expect, it } from 'vitest';
import { Limits } from '../../../src/base/limits.ts';
import { silentLogger } from '../../../src/server/logger.ts';
import { answerJson, wasDelivered } from '../../../src/server/rest/answer.ts';
import { RestConnections } from '../../../src/server/rest/rest-connections.ts';
import { RestFailures } from '../../../src/server/rest/rest-failures.ts';
import { afterwards } from '../running-server.ts';
import { eventually, postBytes, RawRest, RestClient, runRest } from './rest-client.ts';

const folder = new URL('../../fixtures/tls/', import.meta.url).pathname;
const ca = readFileSync(`${folder}ca.pem`);
const tls = { tlsCertFile: `${folder}server.pem`, tlsKeyFile: `${folder}server-key.pem` };
const client = { cert: readFileSync(`${folder}client.pem`), key: readFileSync(`${folder}client-key.pem`) };

const failures = new RestFailures(silentLogger(), () => {});
const trusting = { ca, servername: 'localhost' };

describe.each([
  { over: 'in clear', files: {}, context: null, raw: null },
  {
    over: 'over TLS',
    files: tls,
    context: { cert: readFileSync(tls.tlsCertFile), key: readFileSync(tls.tlsKeyFile) },
    raw: trusting,
  },
])('a connection of HTTP/1.1 $over', ({ files, context, raw: options }) => {
  it('may have a head as long as allowed, and not much more', async () => {
    const { rest } = await runRest(files);
    const ask = async (bytes: number): Promise<string> => {
      const raw = await RawRest.connect(rest, options);
      raw.send(postBytes('/session', null, '', `X-Long: ${'x'.repeat(bytes)}\r\n`));
      return raw.until((text) => text.includes('\r\n\r\n'));
    };
    expect(await ask(Limits.restHeadBytesMax - 1_000)).toMatch(/^HTTP\/1.1 201 /);
    expect(await ask(Limits.restHeadBytesMax + 1_000)).toMatch(
      /^HTTP\/1.1 431 .*\r\n\r\n\{"code":3,"message":"the head of/s,
    );
  });

  /** Real connections, whose times are shorter than the limits by so much that a test can wait for them. */
  async function openConnections(): Promise<string> {
    const connections = new RestConnections(
      (request, response) => {
        if (request.url === '/') (response as ServerResponse).writeHead(401, { 'Content-Length': 0 }).end();
      },
      60_000,
      () => performance.now(),
      failures,
    );
    const server = connections.createServer(context);
    expect(server).toMatchObject({
      headersTimeout: Limits.restRequestMsMax,
      requestTimeout: Limits.restRequestMsMax + 5_000,
      keepAliveTimeout: Limits.restKeepAliveMs,
      maxHeaderSize: Limits.restHeadBytesMax,
      connectionsCheckingInterval: 1_000,
    });
    const shorter = { headersTimeout: 300, requestTimeout: 400, keepAliveTimeout: 200 };
    Object.assign(server, shorter, { connectionsCheckingInterval: 50 });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    afterwards(() => {
      server.close();
      connections.destroy();
    });
    return `127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  it.each([
    ['nothing of a request', '', /^HTTP\/1.1 408 /],
    ['half a head', 'POST /v1/lock HTTP/1.1\r\nHost: x\r\n', /^HTTP\/1.1 408 /],
    ['half a body', 'POST /v1/lock HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n{', /^HTTP\/1.1 408 /],
    ['nothing more behind an answer', 'GET / HTTP/1.1\r\nHost: x\r\n\r\n', /^HTTP\/1.1 401 /],
    [
      'half a body of a request that was answered',
      'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n{',
      /^HTTP\/1.1 401 /,
    ],
  ])('ends after a while with %s', async (_what, sent, answer) => {
    const raw = await RawRest.connect(await openConnections(), options);
    raw.send(sent);
    const begunMs = performance.now();
    await Promise.race([raw.closed, new Promise((resolve) => setTimeout(resolve, 5_000))]);
    expect(raw.socket.closed).toBe(true);
    expect(performance.now() - begunMs).toBeGreaterThan(150);
    expect(raw.text).toMatch(answer);
  });
});

describe('a connection of REST in clear', () => {
  it('serves requests one behind the other, answered in their order', async () => {
    const { rest } = await runRest();
    const session = await RestClient.begin(rest);
    const raw = await RawRest.connect(rest);
    const names = Array.from({ length: 50 }, (_, i) => `n${i}`);
    raw.send(names.map((name) => postBytes('/v1/lock', session.cookie, `{"name":"${name}"}`)).join(''));
    const text = await raw.until((all) => all.split('"locked":true').length === names.length + 1);
    expect([...text.matchAll(/"name":"(n[0-9]+)"/g)].map(([, name]) => name)).toStrictEqual(names);
  });

  it('takes bodies in chunks, byte by byte', async () => {
    const { rest } = await runRest();
    const session = await RestClient.begin(rest);
    const raw = await RawRest.connect(rest);
    raw.send(
      `POST /v1/lock HTTP/1.1\r\nHost: x\r\nCookie: ${session.cookie}\r\nTransfer-Encoding: chunked\r\n\r\n`,
    );
    for (const byte of '{"name":"a"}') raw.send(`1\r\n${byte}\r\n`);
    raw.send('0\r\n\r\n');
    await raw.until((text) => text.includes('"locked":true,"name":"a"'));
  });

  it('takes a body as long as allowed, and refuses one byte more, announced or not', async () => {
    const { rest } = await runRest();
    const session = await RestClient.begin(rest);
    const body = (bytes: number): string => `{"name":"a"}${' '.repeat(bytes - 12)}`;
    const max = Limits.restBodyBytesMax;
    expect((await session.post('/v1/lock', body(max))).json['locked']).toBe(true);
    const text = `{"code":3,"message":"the body of the request is longer than ${max} bytes","details":[]}`;
    expect(await session.post('/v1/lock', body(max + 1))).toMatchObject({ status: 413, text });
    const headers = { 'transfer-encoding': 'chunked' };
    expect(await session.ask('POST', '/v1/lock', body(max), { headers })).toMatchObject({ status: 200 });
    expect(await session.ask('POST', '/v1/lock', body(max + 1), { headers })).toMatchObject({
      status: 413,
      text,
    });
    expect((await session.post('/v1/lock', '{}')).status).toBe(200);
  });

  it('ends when what comes is not HTTP', async () => {
    const { rest } = await runRest();
    const raw = await RawRest.connect(rest);
    raw.send('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
    expect(await raw.until((text) => text.includes('\r\n\r\n'))).toMatch(/^HTTP\/1.1 400 /);
    await raw.closed;
  });

  it('hinders nobody with half a body, also with a long poll in progress', async () => {
    const server = await runRest();
    const session = await RestClient.begin(server.rest);
    await session.acquire('a');
    const poll = await RawRest.connect(server.rest);
    poll.send(postBytes('/v1/lock/wait', session.cookie, '{"name":"a"}'));
    const half = await RawRest.connect(server.rest);
    half.send(
      `POST /v1/lock HTTP/1.1\r\nHost: x\r\nCookie: ${session.cookie}\r\nContent-Length: 100\r\n\r\n{"na`,
    );
    await eventually(() => server.stats().waiters === 1);
    expect((await session.post('/v1/lock', { name: 'b' })).json['locked']).toBe(true);
    const other = await RestClient.begin(server.rest);
    expect((await other.post('/v1/lock', { name: 'c' })).json['locked']).toBe(true);
  });

  it('does not keep all others from sending when many send half of their bodies', {
    timeout: 30_000,
  }, async () => {
    const { rest } = await runRest();
    const session = await RestClient.begin(rest);
    const half = 'x'.repeat(Limits.restBodyBytesMax - 1_000);
    const count = Math.ceil(Limits.restBodiesBytesMax / half.length) + 1;
    const raws = await Promise.all(Array.from({ length: count }, () => RawRest.connect(rest)));
    const head = `POST /v1/lock HTTP/1.1\r\nHost: x\r\nCookie: ${session.cookie}\r\nContent-Length: ${Limits.restBodyBytesMax}\r\n\r\n`;
    for (const raw of raws) raw.send(`${head}{"name":"${half}`);
    await eventually(() => raws.some(({ text }) => text.includes('429')), 20_000);
    expect(raws.find(({ text }) => text !== '')!.text).toContain('too many half-sent requests');
    for (const raw of raws) raw.socket.destroy();
    await eventually(
      async () => (await session.post('/v1/lock', { name: 'a'.repeat(60_000) })).status === 200,
    );
  });

  it('is closed with the answer to its last request when the server stops, and at once when it is idle', async () => {
    const server = await runRest({ shutdownGraceMs: 5_000 });
    const session = await RestClient.begin(server.rest);
    await session.acquire('a');
    const idle = await RawRest.connect(server.rest);
    idle.send(postBytes('/session', null, ''));
    await idle.until((text) => text.includes('201'));
    const waiter = await RawRest.connect(server.rest);
    waiter.send(postBytes('/v1/lock/wait', session.cookie, '{"name":"a"}'));
    await eventually(() => server.stats().waiters === 1);
    const begunMs = performance.now();
    await Promise.all([server.close(), idle.closed, waiter.closed]);
    expect(performance.now() - begunMs).toBeLessThan(2_000);
    expect(waiter.text).toMatch(
      /^HTTP\/1.1 503 .*Connection: close.*"message":"the server is shutting down"/s,
    );
  });

  it('serves an Unlock that was on its way when the server was told to stop, and no Lock', async () => {
    const server = await runRest({ shutdownGraceMs: 5_000 });
    const session = await RestClient.begin(server.rest);
    const key = await session.acquire('a');
    const body = `{"name":"a","key":"${key}"}`;
    const [unlock, lock] = [await RawRest.connect(server.rest), await RawRest.connect(server.rest)];
    unlock.send(postBytes('/v1/unlock', session.cookie, body).slice(0, -5));
    lock.send(postBytes('/v1/lock', session.cookie, '{"name":"b"}').slice(0, -5));
    await new Promise((resolve) => setTimeout(resolve, 100));
    const closed = server.close();
    await new Promise((resolve) => setTimeout(resolve, 100));
    unlock.send(body.slice(-5));
    lock.send('"b"}'.padStart(5, ':'));
    await Promise.all([closed, unlock.closed, lock.closed]);
    expect(unlock.text).toContain('"unlocked":true');
    expect(lock.text).toMatch(/^HTTP\/1.1 503 /);
  });

  it('is closed with the question for the password when the server stops', async () => {
    const server = await runRest({ shutdownGraceMs: 5_000, password: 'a' });
    const raw = await RawRest.connect(server.rest);
    raw.send('POST /session HTTP/1.1\r\n');
    await new Promise((resolve) => setTimeout(resolve, 100));
    const closed = server.close();
    await new Promise((resolve) => setTimeout(resolve, 100));
    const begunMs = performance.now();
    raw.send('Host: x\r\n\r\n');
    await Promise.all([closed, raw.closed]);
    expect(raw.text).toMatch(/^HTTP\/1.1 401 .*Connection: close\r\n/s);
    expect(performance.now() - begunMs).toBeLessThan(2_000);
  });

  it('is cut off when the server stops and its request does not come', async () => {
    const server = await runRest({ shutdownGraceMs: 300 });
    const half = await RawRest.connect(server.rest);
    half.send('POST /v1/lock HTTP/1.1\r\nHost: x\r\n');
    await new Promise((resolve) => setTimeout(resolve, 50));
    await Promise.all([server.close(), half.closed]);
  });
});

describe('a connection of REST over TLS', () => {
  const options = trusting;

  async function tlsText(rest: string, extra: object, request: string): Promise<string> {
    const [host, port] = rest.split(':');
    const socket: TLSSocket = connectTls({ host: host!, port: Number(port), ...options, ...extra });
    afterwards(() => socket.destroy());
    socket.write(request);
    let text = '';
    for await (const chunk of socket) text += String(chunk);
    return text;
  }

  it('speaks HTTP/1.1 to those who ask for nothing else', async () => {
    const { rest } = await runRest(tls);
    for (const extra of [{}, { ALPNProtocols: ['http/1.1'] }, { maxVersion: 'TLSv1.2' }]) {
      const text = await tlsText(
        rest,
        extra,
        'POST /session HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n',
      );
      expect(text).toMatch(/^HTTP\/1.1 201 .*SameSite=Strict; Secure\r\n/s);
    }
  });

  it('speaks HTTP/2 to those who can', async () => {
    const server = await runRest(tls);
    const session = connectHttp2(`https://${server.rest}`, options);
    afterwards(() => session.destroy());
    const ask = (path: string, body: string, cookie = '', method = 'POST') => {
      const stream = session.request({ ':method': method, ':path': path, ...(cookie !== '' && { cookie }) });
      const answered = new Promise<{ headers: Record<string, unknown>; text: string }>((resolve, reject) => {
        let headers: Record<string, unknown> = {};
        let text = '';
        stream.on('response', (given) => {
          headers = given as Record<string, unknown>;
        });
        stream.on('data', (chunk) => {
          text += String(chunk);
        });
        stream.on('error', reject);
        stream.on('close', () => resolve({ headers, text }));
      });
      if (body.startsWith('...')) stream.write(body.slice(3));
      else if (method === 'POST') stream.end(body);
      return { stream, answered };
    };
    const begun = await ask('/session', 'ignored').answered;
    expect(begun.headers[':status']).toBe(201);
    const cookie = /^ldlm-session=[0-9a-f]+/.exec((begun.headers['set-cookie'] as string[])[0]!)![0];
    const granted = await ask('/v1/lock', '{"name":"a"}', cookie).answered;
    expect(granted.text).toContain('"locked":true');
    expect(granted.headers).toMatchObject({ ':status': 200, 'content-type': 'application/json' });
    // A long poll does not hinder the others, and ends with its stream.
    const waiting = ask('/v1/lock/wait', '{"name":"a"}', cookie);
    await eventually(() => server.stats().waiters === 1);
    expect((await ask('/v1/lock', '{"name":"b"}', cookie).answered).text).toContain('"locked":true');
    waiting.stream.close(8);
    await waiting.answered;
    await eventually(() => server.stats().waiters === 0);
    // What is refused before its body is there ends all the same.
    expect((await ask('/session', '...{"name":').answered).headers[':status']).toBe(201);
    expect((await ask('/v1/lock', '...{"name":', 'ldlm-session=x').answered).headers[':status']).toBe(401);
    const long = `{"name":"${'x'.repeat(Limits.restBodyBytesMax)}"}`;
    expect((await ask('/v1/lock', long, cookie).answered).headers[':status']).toBe(413);
    expect((await ask('/v1/lock', `...${long}`, cookie).answered).headers[':status']).toBe(413);
    expect((await ask('/v1/lock', '', cookie, 'GET').answered).headers).toMatchObject({
      ':status': 405,
      allow: 'POST',
    });
    const held = ask('/v1/lock/wait', '{"name":"a"}', cookie);
    await eventually(() => server.stats().waiters === 1);
    await Promise.all([server.close(), new Promise((resolve) => session.once('close', resolve))]);
    expect((await held.answered).headers[':status']).toBe(503);
  });

  it('cancels what an HTTP/2 client leaves no window for, and knows that it was not delivered', async () => {
    const clock = { nowMs: 1_000 };
    const closed: string[] = [];
    const connections = new RestConnections(
      (request, response) => {
        answerJson(response, 200, '{}', null, false);
        response.once('close', () => closed.push(`${request.url} ${wasDelivered(request, response)}`));
      },
      60_000,
      () => clock.nowMs,
      failures,
    );
    const server = connections.createServer({
      cert: readFileSync(tls.tlsCertFile),
      key: readFileSync(tls.tlsKeyFile),
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const session = connectHttp2(`https://127.0.0.1:${(server.address() as AddressInfo).port}`, options);
    afterwards(() => {
      session.destroy();
      server.close();
    });
    await once(session, 'remoteSettings');
    const ask = async (path: string, ended: boolean) => {
      const stream = session.request({ ':method': 'POST', ':path': path }, { endStream: false });
      stream.on('error', () => {});
      if (ended) stream.end('x');
      else stream.write('x');
      await once(stream, 'response');
      return stream;
    };
    const read = await ask('/read', true);
    await once(read.resume(), 'close');
    expect(closed).toStrictEqual(['/read true']);
    await new Promise<void>((resolve) => session.settings({ initialWindowSize: 0 }, () => resolve()));
    const unread = [await ask('/unread', true), await ask('/half', false)];
    connections.sweep();
    clock.nowMs += Limits.restStalledMsMax;
    connections.sweep();
    expect(closed).toHaveLength(1);
    clock.nowMs += 1;
    const cancelled = Promise.all(unread.map((stream) => once(stream, 'close')));
    connections.sweep();
    await cancelled;
    expect(unread.map(({ rstCode }) => rstCode)).toStrictEqual([8, 8]);
    await eventually(() => closed.length === 3);
    expect(closed.slice(1).sort()).toStrictEqual(['/half false', '/unread false']);
    // The connection goes on.
    await new Promise<void>((resolve) => session.settings({ initialWindowSize: 65_535 }, () => resolve()));
    await once((await ask('/again', true)).resume(), 'close');
    expect(closed.at(-1)).toBe('/again true');
  });

  it('tells those who speak in clear', async () => {
    const { rest } = await runRest(tls);
    const raw = await RawRest.connect(rest);
    raw.send('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
    await raw.closed;
    expect(raw.text).toMatch(/^HTTP\/1.0 400 .*\r\n\r\nClient sent an HTTP request to an HTTPS server\.\n$/s);
  });

  it('is for those with a certificate where one is asked for', async () => {
    const { rest } = await runRest({ ...tls, clientCaFile: `${folder}ca.pem` });
    const request = 'POST /session HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n';
    expect(await tlsText(rest, client, request)).toMatch(/^HTTP\/1.1 201 /);
    const foreign = {
      cert: readFileSync(`${folder}foreign-client.pem`),
      key: readFileSync(`${folder}foreign-client-key.pem`),
    };
    for (const extra of [{}, foreign]) {
      expect(await tlsText(rest, extra, request).catch(() => '')).toBe('');
    }
  });
});
