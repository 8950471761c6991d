import { readFileSync } from 'node:fs';
import { connect as connectHttp2 } from 'node:http2';
import { text } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import { afterwards } from '../running-server.ts';
import { RawRest, RestClient, runRest } from './rest-client.ts';

const folder = new URL('../../fixtures/tls/', import.meta.url).pathname;
const tls = { tlsCertFile: `${folder}server.pem`, tlsKeyFile: `${folder}server-key.pem` };

describe('a request of a page', () => {
  it('of this server is served, under each of its names', async () => {
    const { rest } = await runRest();
    const port = rest.split(':')[1];
    const client = new RestClient(rest);
    for (const host of [rest, `localhost:${port}`, `[::1]:${port}`]) {
      for (const more of [{}, { 'sec-fetch-site': 'same-origin' }]) {
        const headers = { host, origin: `http://${host}`, ...more };
        expect(await client.ask('POST', '/session', undefined, { headers })).toMatchObject({ status: 201 });
        const answer = await client.ask(
          'POST',
          '/v1/lock',
          { name: `${host}${JSON.stringify(more)}` },
          { headers },
        );
        expect(answer.status).toBe(200);
      }
    }
  });

  it.each([
    'http://evil.example',
    'http://localhost:3000',
    'http://127.0.0.1',
    'ftp://127.0.0.1:PORT',
    'http://localhost:PORT',
    'http://127.0.0.1:PORT.evil.example',
    'null',
    '',
  ])('of the origin %j is refused before anything else', async (named) => {
    const server = await runRest({ password: 'pw' });
    const { rest } = server;
    const origin = named.replace('PORT', rest.split(':')[1]!);
    const client = new RestClient(rest);
    const headers = { origin, 'content-type': 'text/plain' };
    const requests = [
      ['POST', '/session'],
      ['DELETE', '/session'],
      ['POST', '/v1/lock'],
      ['OPTIONS', '/v1/lock'],
      ['PUT', '/nowhere'],
      ['POST', '/docs'],
      ['POST', '/%zz'],
    ] as const;
    for (const [method, path] of requests) {
      const refused = await client.ask(method, path, '{"name":"a"}', { headers });
      expect(refused.status).toBe(403);
      expect(refused.json).toStrictEqual({
        code: 7,
        message:
          `the request comes from a page of the origin "${origin}": ` +
          `browsers may ask from pages of http://${rest} only, and programs send no origin`,
        details: [],
      });
      expect(refused.headers['set-cookie']).toBeUndefined();
    }
    expect(server.stats()).toMatchObject({ sessions: 0, holders: 0 });
  });

  it.each(['same-site', 'cross-site', 'none', ''])(
    'is refused from %j, whatever its origin',
    async (site) => {
      const { rest } = await runRest();
      const headers = { origin: `http://${rest}`, 'sec-fetch-site': site };
      const answer = await new RestClient(rest).ask('POST', '/session', undefined, { headers });
      expect(answer.status).toBe(403);
    },
  );

  it('whose name was made to be that of this server is refused', async () => {
    const { rest } = await runRest();
    const host = `evil.example:${rest.split(':')[1]}`;
    const headers = { host, origin: `http://${host}`, 'sec-fetch-site': 'same-origin' };
    const answer = await new RestClient(rest).ask('POST', '/session', undefined, { headers });
    expect(answer.status).toBe(403);
    expect(answer.json['message']).toBe(
      `the host "${host}" is not one of this server: it is ${rest}, and those in --admin_hosts`,
    );
  });

  it('is served by a name that the operator gives, which no other name is', async () => {
    const { rest } = await runRest({ adminHosts: 'locks.example' });
    const ask = (host: string) =>
      new RestClient(rest).ask('POST', '/session', undefined, {
        headers: { host, origin: `https://${host}` },
      });
    expect((await ask('locks.example')).status).toBe(201);
    expect((await ask('locks.example:8080')).status).toBe(201);
    expect((await ask('a.locks.example')).status).toBe(403);
  });

  it('that only reads is served as ever', async () => {
    const { rest } = await runRest();
    const headers = { origin: 'http://evil.example', host: 'evil.example', 'sec-fetch-site': 'cross-site' };
    const client = new RestClient(rest);
    expect((await client.ask('GET', '/v1/lock', undefined, { headers })).status).toBe(401);
    expect((await client.ask('HEAD', '/v1/lock', undefined, { headers })).status).toBe(401);
    expect((await client.ask('GET', '/docs', undefined, { headers })).status).toBe(200);
  });

  it('has a browser for an author: programs name no origin, and any host', async () => {
    const { rest } = await runRest();
    const headers = { host: 'behind.a.proxy' };
    expect(await new RestClient(rest).ask('POST', '/session', undefined, { headers })).toMatchObject({
      status: 201,
    });
    const raw = await RawRest.connect(rest);
    raw.send('POST /session HTTP/1.0\r\n\r\n');
    expect(await raw.until((all) => all.includes('\r\n\r\n'))).toMatch(/^HTTP\/1.1 201 /);
  });

  it('is judged over TLS and HTTP/2, too', async () => {
    const { rest } = await runRest(tls);
    const session = connectHttp2(`https://${rest}`, {
      ca: readFileSync(`${folder}ca.pem`),
      servername: 'localhost',
    });
    afterwards(() => session.destroy());
    const ask = async (origin: string, authority = rest): Promise<{ status: unknown; body: string }> => {
      const stream = session.request({
        ...{ ':method': 'POST', ':path': '/session', ':authority': authority, origin },
      });
      stream.end();
      const status = new Promise((resolve) =>
        stream.once('response', (headers) => resolve(headers[':status'])),
      );
      return { status: await status, body: await text(stream) };
    };
    expect(await ask(`https://${rest}`)).toMatchObject({ status: 201 });
    const refused = await ask(`http://${rest}`);
    expect(refused.status).toBe(403);
    expect(refused.body).toContain(`pages of https://${rest} only`);
    const rebound = await ask('https://evil.example', 'evil.example');
    expect(rebound.status).toBe(403);
    expect(rebound.body).toContain(`it is ${rest}, and those in --admin_hosts`);
  });
});

describe('a server with REST', () => {
  it('does not start with names that cannot be any', async () => {
    await expect(runRest({ adminHosts: 'http://x' })).rejects.toMatchObject({ code: 'LDLM_CONFIG_INVALID' });
  });
});
