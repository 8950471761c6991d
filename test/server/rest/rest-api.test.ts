import { describe, expect, it } from 'vitest';
import { startServer } from '../../../src/index.ts';
import { silentLogger } from '../../../src/server/logger.ts';
import { OpCode } from '../../../src/zookeeper/wire/op-code.ts';
import { FakeServer, writeEmptyStat } from '../../zookeeper/fake-server.ts';
import { LogLines } from '../log-lines.ts';
import { afterwards } from '../running-server.ts';
import { RawRest, RestClient, runRest } from './rest-client.ts';

const NO_COOKIE = '{"error": "session cookie not found. create a new session at /session"}';
const DEAD_COOKIE = '{"error": "session cookie invalid or expired. create a new session at /session"}';

describe('the session layer', () => {
  it('begins and ends sessions', async () => {
    const { rest } = await runRest();
    const client = new RestClient(rest);
    const begun = await client.post('/session?a=b', 'not JSON');
    expect(begun.status).toBe(201);
    expect(begun.headers['content-type']).toBe('application/json');
    const id = /^\{"session_id": "([0-9a-f]{32})"\}$/.exec(begun.text)![1];
    expect(begun.headers['set-cookie']).toStrictEqual([
      expect.stringMatching(
        new RegExp(`^ldlm-session=${id}; Path=/; Expires=[A-Z][a-z]{2}, .* GMT; HttpOnly; SameSite=Strict$`),
      ),
    ]);
    expect(begun.headers['ldlm-session-timeout-ms']).toBe('600000');
    const second = await client.post('/session');
    expect(second.json['session_id']).not.toBe(id);
    const ended = await client.ask('DELETE', '/session', 'ignored');
    expect(ended).toMatchObject({ status: 200, text: '{"session_id": ""}' });
    expect(ended.headers['set-cookie']).toStrictEqual(['ldlm-session=; Path=/; HttpOnly; SameSite=Strict']);
    // The first one is there still.
    client.cookie = `ldlm-session=${id}`;
    const locked = await client.post('/v1/lock', { name: 'a' });
    // What was said of its end holds, as this server alone keeps what it has.
    expect([locked.status, locked.headers['ldlm-session-timeout-ms']]).toEqual([200, undefined]);
  });

  it('says over ZooKeeper with each answer for how long the server can answer for what a session holds', async () => {
    const fake = await FakeServer.start({
      answer: ({ op }) =>
        op === OpCode.Exists ? { write: writeEmptyStat } : op === OpCode.Multi ? { code: -103 } : undefined,
    });
    const begin = async (restSessionTimeoutMs: number) => {
      const server = await startServer({
        ...{ listenAddress: '127.0.0.1:0', restListenAddress: '127.0.0.1:0', logger: silentLogger() },
        ...{ engine: 'zookeeper', zookeeperConnect: fake.address, zookeeperSessionTimeoutMs: 9_000 },
        restSessionTimeoutMs,
      });
      afterwards(() => server.close());
      return server.restAddresses[0]!;
    };
    const rest = await begin(600_000);
    const client = new RestClient(rest);
    for (const answer of [await client.post('/session'), await client.ask('GET', '/session')]) {
      const statedMs = Number(answer.headers['ldlm-session-timeout-ms']);
      expect(statedMs).toBeGreaterThan(4_000);
      expect(statedMs).toBeLessThanOrEqual(9_000);
    }
    const begun = await new RestClient(await begin(1_000)).post('/session');
    expect(begun.headers['ldlm-session-timeout-ms']).toBe('1000');
    const stranger = await new RestClient(rest).ask('GET', '/session');
    expect(stranger.headers['ldlm-session-timeout-ms']).toBeUndefined();
  });

  it('says why a session cannot be ended', async () => {
    const { rest } = await runRest();
    const client = new RestClient(rest);
    expect(await client.ask('DELETE', '/session')).toMatchObject({
      status: 401,
      text: '{"error":"http: named cookie not present"}',
    });
    client.cookie = `ldlm-session=${'0'.repeat(32)}`;
    expect(await client.ask('DELETE', '/session')).toMatchObject({
      status: 409,
      text: '{"error": "session not found"}',
    });
  });

  it.each([
    ['POST', '/v1/lock'],
    ['GET', '/v1/lock'],
    ['POST', '/v1/locks'],
    ['GET', '/'],
    ['GET', '/session'],
    ['POST', '/session/'],
    ['PUT', '/nowhere?x=y'],
    ['GET', '/%zz'],
  ])('looks at the cookie first: %s %s', async (method, path) => {
    const { rest } = await runRest();
    const client = new RestClient(rest);
    expect(await client.ask(method, path)).toMatchObject({ status: 401, text: NO_COOKIE });
    for (const cookie of ['ldlm-session=', `ldlm-session=${'f'.repeat(32)}`]) {
      client.cookie = cookie;
      const refused = await client.ask(method, path);
      expect(refused).toMatchObject({ status: 401, text: DEAD_COOKIE });
      expect(refused.headers['set-cookie']).toBeUndefined();
    }
  });

  it('gives the cookie anew with every answer to a session', async () => {
    const { rest } = await runRest();
    const client = await RestClient.begin(rest);
    for (const [method, path, body, status] of [
      ['POST', '/v1/lock', '{"name":"a"}', 200],
      ['POST', '/v1/lock', '[]', 400],
      ['GET', '/v1/lock', undefined, 405],
      ['GET', '/nowhere', undefined, 404],
    ] as const) {
      const answer = await client.ask(method, path, body);
      expect(answer.status).toBe(status);
      expect(answer.headers['set-cookie']?.[0]).toContain(`${client.cookie}; Path=/; Expires=`);
    }
  });
});

describe('the password over REST', () => {
  const basic = (text: string) => ({ authorization: `Basic ${Buffer.from(text).toString('base64')}` });

  it('is asked for before anything else', async () => {
    const log = new LogLines('warn');
    const { rest } = await runRest({ password: 'a:b', logger: log.logger });
    const client = new RestClient(rest);
    const paths = [
      '/session',
      '/v1/lock',
      '/nowhere',
      '/openapi.json',
      '/docs',
      '/docs/static/swagger-ui.css',
      '/%zz',
    ];
    for (const path of paths) {
      for (const headers of [
        {},
        basic('user:wrong'),
        { authorization: basic('u:a:b').authorization.toLowerCase() },
      ]) {
        const refused = await client.ask('GET', path, undefined, { headers });
        expect(refused).toMatchObject({ status: 401, text: '' });
        expect(refused.headers['www-authenticate']).toBe('Basic realm="Restricted"');
        expect(refused.headers['content-type']).toBeUndefined();
      }
    }
    const warned = log.lines.filter(({ msg }) => msg === 'Invalid password from client');
    // As of everything that a stranger can cause, no more than five are told of one by one.
    expect(warned).toHaveLength(5);
    expect(warned[0]!['client_addr']).toMatch(/^127\.0\.0\.1:[0-9]+$/);
  });

  it('lets in with any user', async () => {
    const { rest } = await runRest({ password: 'a:b' });
    const client = new RestClient(rest);
    const headers = basic('anyone:a:b');
    expect((await client.ask('POST', '/session', undefined, { headers })).status).toBe(201);
    expect((await client.ask('POST', '/v1/lock', { name: 'a' }, { headers })).json['locked']).toBe(true);
    expect((await client.ask('GET', '/openapi.json', undefined, { headers })).status).toBe(200);
  });
});

describe('a request over REST', () => {
  it.each([
    ['GET', '/v1/lock', 'POST'],
    ['PUT', '/v1/unlock', 'POST'],
    ['HEAD', '/v1/renew', 'POST'],
    ['OPTIONS', '/v1/lock/wait', 'POST'],
    ['DELETE', '/v1/refreshlock?a', 'POST'],
    ['PATCH', '/session', 'POST, DELETE'],
  ])('with a method that its path does not know: %s %s', async (method, path, allow) => {
    const { rest } = await runRest();
    const client = await RestClient.begin(rest);
    const refused = await client.ask(method, path);
    expect(refused.status).toBe(405);
    expect(refused.headers.allow).toBe(allow);
    if (method !== 'HEAD')
      expect(refused.text).toBe('{"code":12,"message":"Method Not Allowed","details":[]}');
  });

  it('whose method is overridden is one with that method', async () => {
    const { rest } = await runRest();
    const client = await RestClient.begin(rest);
    const ask = (method: string) =>
      client.ask('POST', '/v1/lock', { name: 'a' }, { headers: { 'X-HTTP-Method-Override': method } });
    expect(await ask('GET')).toMatchObject({ status: 405, headers: { allow: 'POST' } });
    expect((await ask('post')).status).toBe(200);
  });

  it.each([
    '/',
    '/v1',
    '/v1/lock/',
    '/V1/lock',
    '/v1//lock',
    '/v1/lock/x',
    '/session/x',
    '/v1/locks',
    '/%7A',
    '/docs/x',
  ])('for a path that nobody knows: %s', async (path) => {
    const { rest } = await runRest();
    const client = await RestClient.begin(rest);
    expect(await client.ask('GET', path)).toMatchObject({
      status: 404,
      text: '{"code":5,"message":"Not Found","details":[]}',
    });
  });

  it.each([
    ['GET', '/%zz'],
    ['POST', '/v1/lock%'],
    ['GET', '/v1/locks/%ff?x'],
    ['GET', '/v1/locks/50%'],
    ['GET', '/docs/%c3%28'],
  ])('for a path that is not encoded properly: %s %s', async (method, path) => {
    const { rest } = await runRest({ remoteAdmin: true, password: 'a' });
    const client = new RestClient(rest);
    const headers = { authorization: `Basic ${Buffer.from(':a').toString('base64')}` };
    await client.ask('POST', '/session', undefined, { headers });
    const refused = await client.ask(method, path, undefined, { headers });
    expect(refused).toMatchObject({
      status: 400,
      text: '{"code":3,"message":"the path is not properly percent-encoded","details":[]}',
    });
    expect(refused.headers.allow).toBeUndefined();
  });

  it.each([
    'application/json',
    'text/plain',
    'application/x-www-form-urlencoded',
    'multipart/form-data',
    ';;',
    'a b/c',
  ])('may say that its body is %s', async (type) => {
    const { rest } = await runRest();
    const client = await RestClient.begin(rest);
    const headers = { 'content-type': type, accept: 'text/html' };
    const answer = await client.ask('POST', '/v1/lock', '{"name":"a"}', { headers });
    expect(answer).toMatchObject({ status: 200, json: { locked: true } });
    expect(answer.headers['content-type']).toBe('application/json');
  });

  it.each(['QUERY', 'PROPFIND', 'POST'])(
    'for an unknown path may have any method and any type of body: %s',
    async (method) => {
      const { rest } = await runRest();
      const client = await RestClient.begin(rest);
      const raw = await RawRest.connect(rest);
      for (const type of ['', 'Content-Type: ;;\r\n', 'Content-Type: application/json\r\n']) {
        const before = raw.text.length;
        raw.send(
          `${method} /nowhere HTTP/1.1\r\nHost: x\r\nCookie: ${client.cookie}\r\n${type}Content-Length: 1\r\n\r\n{`,
        );
        const text = await raw.until((all) => all.slice(before).includes('"Not Found"'));
        expect(text.slice(before)).toMatch(/^HTTP\/1.1 404 /);
      }
    },
  );

  it('for an unknown path is answered before its body is there', async () => {
    const { rest } = await runRest();
    const client = await RestClient.begin(rest);
    const raw = await RawRest.connect(rest);
    raw.send(
      `POST /nowhere HTTP/1.1\r\nHost: x\r\nCookie: ${client.cookie}\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{`,
    );
    await raw.until((text) => text.includes('"Not Found"'));
  });

  it('without a body is one for the lock without a name', async () => {
    const { rest } = await runRest();
    const client = await RestClient.begin(rest);
    for (const body of [undefined, '', '{}', '{} behind']) {
      expect((await client.post('/v1/lock', body)).json).toStrictEqual({
        ...{ locked: false, name: '', key: '' },
        error: { code: 'Unknown', message: 'lock name cannot be empty' },
      });
    }
  });

  it('whose body is not what it should be says what is wrong', async () => {
    const { rest } = await runRest();
    const client = await RestClient.begin(rest);
    expect(await client.post('/v1/lock', '{"name":5}')).toMatchObject({
      status: 400,
      text: '{"code":3,"message":"proto: invalid value for string field name: 5","details":[]}',
    });
  });

  it('may have any name', async () => {
    const { rest } = await runRest();
    const client = await RestClient.begin(rest);
    for (const name of ['\u0000', 'a/b\n"c"\\', 'ä€\u{1f512}', '\u2028', 'x'.repeat(65_536)]) {
      expect((await client.post('/v1/lock', { name })).json).toMatchObject({ locked: true, name });
    }
    expect((await client.post('/v1/lock', { name: 'x'.repeat(65_537) })).json).toMatchObject({
      error: { code: 'Unknown', message: 'lock name must not be longer than 65536 bytes' },
    });
  });
});
