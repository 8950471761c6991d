import { readFileSync } from 'node:fs';
import { connect as connectSocket, type Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import { Limits } from '../../../src/base/limits.ts';
import { AdminGuard } from '../../../src/server/admin/admin-guard.ts';
import { AdminHttp } from '../../../src/server/admin/admin-http.ts';
import type { AdminRoutes } from '../../../src/server/admin/admin-routes.ts';
import { ArrivalCounts } from '../../../src/server/metrics/door-metrics.ts';
import { LogLines } from '../log-lines.ts';
import { afterwards, runServer } from '../running-server.ts';
import { type AdminAnswer, agent, ask, openRoutes, pageHeaders } from './admin-request.ts';

const fixture = (name: string): string => new URL(`../../fixtures/tls/${name}`, import.meta.url).pathname;
const pem = (name: string): string => readFileSync(fixture(name), 'utf8');
const admin = { adminListenAddress: '127.0.0.1:0', shards: 1 } as const;

async function openSocket(address: string): Promise<Socket> {
  const port = Number(address.slice(address.lastIndexOf(':') + 1));
  const socket = connectSocket(port, '127.0.0.1');
  socket.on('error', () => {});
  afterwards(() => socket.destroy());
  await new Promise((resolve) => socket.once('connect', resolve));
  return socket;
}

function received(socket: Socket): Promise<string> {
  let text = '';
  socket.on('data', (bytes: Buffer) => {
    text += bytes.toString('latin1');
  });
  return new Promise((resolve) => socket.once('close', () => resolve(text)));
}

describe('the admin listener', () => {
  it('is off by default', async () => {
    expect((await runServer({ shards: 1 })).adminAddresses).toEqual([]);
  });

  it('says that it is alive and ready', async () => {
    const server = await runServer(admin);
    expect(await ask(server, '/healthz')).toMatchObject({ status: 200, text: '{"status":"OK"}' });
    const ready = await ask(server, '/readyz');
    expect(ready).toMatchObject({ status: 200, text: '{"status":"SERVING"}' });
    expect(ready.headers['content-type']).toBe('application/json; charset=utf-8');
  });

  it('listens at every address of localhost on one port', async () => {
    const server = await runServer({ ...admin, adminListenAddress: 'localhost:0' });
    const ports = new Set(server.adminAddresses.map((address) => address.slice(address.lastIndexOf(':'))));
    expect(ports.size).toBe(1);
    for (const address of server.adminAddresses) {
      expect(await ask({ adminAddresses: [address] }, '/readyz')).toMatchObject({ status: 200 });
    }
  });

  it('says which address is taken, and takes its port along when it ends', async () => {
    const server = await runServer(admin);
    const taken = { ...admin, adminListenAddress: server.adminAddresses[0]! };
    await expect(runServer(taken)).rejects.toMatchObject({
      code: 'LDLM_BIND',
      message: `listen tcp ${server.adminAddresses[0]}: bind: address already in use`,
    });
    await server.close();
    expect((await runServer(taken)).adminAddresses).toEqual(server.adminAddresses);
  });

  it('closes its routes when it cannot listen', async () => {
    const { http } = await openRoutes();
    let closed = false;
    const options = { adminListenAddress: http.addresses[0]!, adminHosts: '', password: '', isTls: false };
    const routes: AdminRoutes = (app) => {
      app.addHook('onClose', async () => {
        closed = true;
      });
    };
    const log = new LogLines('debug');
    const guard = new AdminGuard(options);
    const doors = { tls: null, arrivals: new ArrivalCounts(), logger: log.logger };
    const opened = AdminHttp.open({ ...options, ...doors, guard, routes: [routes] });
    await expect(opened).rejects.toMatchObject({ code: 'LDLM_BIND' });
    expect(closed).toBe(true);
    // Whoever opens it tells of it.
    expect(log.texts).toEqual([]);
  });

  it('speaks TLS with the certificate of gRPC, and asks for that of the client', async () => {
    const tls = { tlsCertFile: fixture('server.pem'), tlsKeyFile: fixture('server-key.pem') };
    const server = await runServer({ ...admin, ...tls, clientCaFile: fixture('ca.pem') });
    const ca = pem('ca.pem');
    const connect = { ca, servername: 'localhost' };
    const known = { ...connect, cert: pem('client.pem'), key: pem('client-key.pem') };
    const ready = await ask(server, '/readyz', { dispatcher: agent({ connect: known }) }, 'https');
    expect(ready.status).toBe(200);
    const foreign = { ...connect, cert: pem('foreign-client.pem'), key: pem('foreign-client-key.pem') };
    for (const stranger of [connect, foreign]) {
      const asked = ask(server, '/readyz', { dispatcher: agent({ connect: stranger }) }, 'https');
      await expect(asked).rejects.toThrow();
    }
    await expect(ask(server, '/readyz')).rejects.toThrow();
  });

  it('keeps cookies and origins to TLS where there is TLS', async () => {
    const tls = { tlsCertFile: fixture('server.pem'), tlsKeyFile: fixture('server-key.pem') };
    const server = await runServer({ ...admin, ...tls });
    const dispatcher = agent({ connect: { ca: pem('ca.pem'), servername: 'localhost' } });
    const info = await ask(server, '/api/info', { dispatcher }, 'https');
    const setCookie = String(info.headers['set-cookie']);
    expect(setCookie).toMatch(/; Secure$/);
    const { token } = info.json() as { token: string };
    const page = { cookie: setCookie.split(';')[0]!, 'x-ldlm-token': token };
    const post = async (scheme: string): Promise<number> => {
      const headers = { ...page, origin: `${scheme}://${server.adminAddresses[0]}` };
      return (await ask(server, '/change', { method: 'POST', headers, dispatcher }, 'https')).status;
    };
    expect([await post('https'), await post('http')]).toEqual([404, 403]);
  });

  it('says where it listens', async () => {
    const log = new LogLines('warn');
    const server = await runServer({ ...admin, logger: log.logger });
    const msg = `Admin server started. Listening on ${server.adminAddresses[0]}`;
    expect(log.lines).toContainEqual(expect.objectContaining({ level: 'WARN', msg }));
  });

  it('tells of each request at debug level', async () => {
    const log = new LogLines('debug');
    const server = await runServer({ ...admin, logger: log.logger });
    await ask(server, '/readyz');
    await ask(server, '/nothing', { method: 'HEAD' });
    const remote_address = expect.stringMatching(/^127\.0\.0\.1:\d+$/);
    expect(log.of('Handling admin request')).toMatchObject([
      { level: 'DEBUG', method: 'GET', path: '/readyz', remote_address },
      { level: 'DEBUG', method: 'HEAD', path: '/nothing', remote_address },
    ]);
  });

  it('warns of wrong passwords with the address, a few lines a second, and of nothing in them', async () => {
    const log = new LogLines();
    const server = await runServer({ ...admin, password: 'correct horse', logger: log.logger });
    const tried = (password: string) => ({
      authorization: `Basic ${Buffer.from(`admin:${password}`).toString('base64')}`,
    });
    const statuses = new Set<number>();
    for (let i = 0; i < 30; i++) {
      statuses.add((await ask(server, '/api/info?secret=x', { headers: tried(`staple ${i}`) })).status);
    }
    statuses.add((await ask(server, '/metrics')).status);
    expect([...statuses]).toEqual([401]);
    expect((await ask(server, '/api/info', { headers: tried('correct horse') })).status).toBe(200);
    await server.close();
    const lines = log.of('admin authentication failed');
    expect(lines[0]).toMatchObject({
      level: 'WARN',
      msg: 'admin authentication failed',
      reason: 'invalid credentials',
      remote_address: expect.stringMatching(/^127\.0\.0\.1:\d+$/),
    });
    const told = lines.filter(({ count }) => count === undefined).length;
    expect(told).toBeLessThan(31);
    expect(lines.reduce((sum, { count }) => sum + Number(count ?? 0), told)).toBe(31);
    expect(log.texts.join('')).not.toMatch(/horse|staple|secret/);
  });

  it('is not ready while it stops, and ends with the server', async () => {
    const server = await runServer({ ...admin, shutdownGraceMs: 5_000 });
    const holdsUp = await openSocket(server.address);
    const closing = server.close();
    expect(await ask(server, '/healthz')).toMatchObject({ status: 200 });
    expect(await ask(server, '/readyz')).toMatchObject({
      status: 503,
      text: '{"status":"NOT_SERVING","reason":"the server is shutting down"}',
    });
    const idle = received(await openSocket(server.adminAddresses[0]!));
    holdsUp.destroy();
    await closing;
    await idle;
    await expect(ask(server, '/healthz')).rejects.toThrow('ECONNREFUSED');
  });
});

describe('what the admin listener takes', () => {
  it('answers what it does not know, and what it cannot read, with the headers that guard browsers', async () => {
    const server = await runServer(admin);
    for (const path of ['/readyz', '/nothing', '/%zz', `/${'a'.repeat(8_000)}`]) {
      const { headers, status } = await ask(server, path);
      expect([200, 400, 404]).toContain(status);
      expect(headers['content-security-policy']).toContain("default-src 'none'; script-src 'self';");
      expect(headers['content-security-policy']).not.toContain('unsafe');
      expect(headers).toMatchObject({
        'x-content-type-options': 'nosniff',
        'referrer-policy': 'no-referrer',
        'cache-control': 'no-store',
        'cross-origin-resource-policy': 'same-origin',
        'cross-origin-opener-policy': 'same-origin',
      });
    }
  });

  it('takes heads up to the limit', async () => {
    const server = await runServer(admin);
    const socket = await openSocket(server.adminAddresses[0]!);
    const answer = received(socket);
    socket.write(`GET /readyz HTTP/1.1\r\nx: ${'a'.repeat(Limits.adminHeadBytesMax)}\r\n\r\n`);
    expect(await answer).toMatch(/^HTTP\/1\.1 431 .*\r\ncontent-security-policy: default-src 'none'/s);
    const fits = { x: 'a'.repeat(Limits.adminHeadBytesMax - 256) };
    expect(await ask(server, '/readyz', { headers: fits })).toMatchObject({ status: 200 });
  });

  it('takes bodies up to the limit, and not one byte more', async () => {
    const lengths: number[] = [];
    const server = await openRoutes((app) => {
      app.post('/change', (request, reply) => {
        lengths.push(String(request.body).length);
        return reply.send({});
      });
    });
    const headers = { ...(await pageHeaders(server)), 'content-type': 'application/json' };
    const post = (bytes: number): Promise<AdminAnswer> =>
      ask(server, '/change', { method: 'POST', headers, body: JSON.stringify('x'.repeat(bytes - 2)) });
    expect((await post(Limits.adminBodyBytesMax)).status).toBe(200);
    const tooLong = await post(Limits.adminBodyBytesMax + 1);
    expect(tooLong).toMatchObject({ status: 413, headers: { 'cache-control': 'no-store' } });
    expect(tooLong.json()).toMatchObject({ code: 'FST_ERR_CTP_BODY_TOO_LARGE' });
    expect(lengths).toEqual([Limits.adminBodyBytesMax - 2]);
  });

  it('answers a body that is no JSON with 400, and a route that fails with 500 and no word of why', async () => {
    const server = await openRoutes((app) => {
      app.post('/change', () => {
        throw new Error('secret');
      });
    });
    const headers = { ...(await pageHeaders(server)), 'content-type': 'application/json' };
    expect((await ask(server, '/change', { method: 'POST', headers, body: '{' })).status).toBe(400);
    const failed = await ask(server, '/change', { method: 'POST', headers, body: '{}' });
    expect(failed).toMatchObject({ status: 500, headers: { 'x-content-type-options': 'nosniff' } });
    expect(failed.text).not.toContain('secret');
  });

  it('ends an answer that goes on, and tells its route before', async () => {
    let told = false;
    const { http, ...server } = await openRoutes((app) => {
      app.addHook('preClose', async () => {
        told = true;
      });
      app.get('/stream', (_request, reply) => {
        reply.hijack();
        reply.raw.write('begun');
      });
    });
    const ended = expect(ask(server, '/stream')).rejects.toThrow();
    await expect.poll(() => http.connections).toBe(1);
    await http.close();
    await ended;
    expect(told).toBe(true);
  });

  it('answers what is no HTTP with 400 and ends the connection', async () => {
    const server = await runServer(admin);
    const socket = await openSocket(server.adminAddresses[0]!);
    const answer = received(socket);
    socket.write('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
    expect(await answer).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n/);
  });

  it('lets go of who sends nothing, no whole head, or no whole body', { timeout: 30_000 }, async () => {
    const server = await openRoutes((app) => {
      app.post('/change', (_request, reply) => reply.send({}));
    });
    const headers = Object.entries(await pageHeaders(server)).map(([name, value]) => `${name}: ${value}`);
    const [silent, slowHead, slowBody] = await Promise.all(
      [1, 2, 3].map(() => openSocket(server.adminAddresses[0]!)),
    );
    const fromMs = performance.now();
    const end = async (socket: Socket): Promise<[answer: string, tookMs: number]> => {
      const answer = await received(socket);
      return [answer, performance.now() - fromMs];
    };
    const ends = Promise.all([end(silent!), end(slowHead!), end(slowBody!)]);
    slowHead!.write('GET /readyz HTTP/1.1\r\nhost: ');
    const head = [
      `host: ${server.adminAddresses[0]}`,
      ...headers,
      'content-type: application/json',
      'content-length: 10',
    ].join('\r\n');
    slowBody!.write(`POST /change HTTP/1.1\r\n${head}\r\n\r\n"half`);
    const limitsMs = [Limits.adminHeadMsMax, Limits.adminHeadMsMax, Limits.adminRequestMsMax];
    for (const [index, [answer, tookMs]] of (await ends).entries()) {
      expect(answer).toMatch(/^HTTP\/1\.1 408 Request Timeout\r\n/);
      expect(tookMs).toBeGreaterThan(limitsMs[index]! - 500);
      expect(tookMs).toBeLessThan(limitsMs[index]! + 5_000);
    }
  });

  it('has room for so many connections', async () => {
    const server = await runServer(admin);
    const address = server.adminAddresses[0]!;
    const sockets: Socket[] = [];
    for (let count = 0; count < Limits.adminConnectionsMax; count++) sockets.push(await openSocket(address));
    const tooMany = await openSocket(address);
    expect(await received(tooMany)).toBe('');
    expect(sockets.filter((socket) => socket.destroyed)).toHaveLength(0);
    sockets[0]!.destroy();
    await expect
      .poll(() =>
        ask(server, '/readyz').then(
          ({ status }) => status,
          () => 0,
        ),
      )
      .toBe(200);
  });
});
