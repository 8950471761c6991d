import { describe, expect, it } from 'vitest';
import type { RunningServer } from '../../../src/index.ts';
import { runServer } from '../running-server.ts';
import { type AdminAnswer, type AdminQuestion, ask, pageHeaders } from './admin-request.ts';

const admin = { adminListenAddress: '127.0.0.1:0', shards: 1 } as const;
/** There is no such path: who gets past the guard gets 404. */
const CHANGE = '/api/change';
const PASSED = { status: 404 };

const basic = (user: string, password: string): string =>
  `Basic ${Buffer.from(`${user}:${password}`, 'utf8').toString('base64')}`;

function without(headers: Readonly<Record<string, string>>, name: string): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).filter(([key]) => key !== name));
}

function post(server: RunningServer, headers: AdminQuestion['headers'] = {}): Promise<AdminAnswer> {
  return ask(server, CHANGE, {
    method: 'POST',
    headers: { ...headers, 'content-type': 'application/json' },
    body: '{}',
  });
}

describe('the host', () => {
  it('must be one of the server, on every path', async () => {
    const server = await runServer(admin);
    for (const path of ['/', '/healthz', '/api/info', '/nothing']) {
      const answer = await ask(server, path, { headers: { host: 'evil.example' } });
      expect(answer).toMatchObject({ status: 421 });
      expect(answer.json()).toEqual({
        code: 'LDLM_ADMIN_HOST',
        message:
          `the host "evil.example" is not one of this server: it is ${server.adminAddresses[0]}, ` +
          'and those in --admin_hosts',
      });
      expect(answer.headers).toMatchObject({ connection: 'close', 'x-content-type-options': 'nosniff' });
    }
    const port = server.adminAddresses[0]!.split(':')[1];
    expect(await ask(server, '/readyz', { headers: { host: `localhost:${port}` } })).toMatchObject({
      status: 200,
    });
  });

  it('may be one that the operator names', async () => {
    const server = await runServer({ ...admin, adminHosts: 'locks.example' });
    expect(await ask(server, '/readyz', { headers: { host: 'locks.example' } })).toMatchObject({
      status: 200,
    });
  });

  it('that cannot be one is refused at the start', async () => {
    await expect(runServer({ ...admin, adminHosts: 'http://x' })).rejects.toMatchObject({
      code: 'LDLM_CONFIG_INVALID',
    });
  });
});

describe('the password', () => {
  it('is asked for on every path but those of orchestrators', async () => {
    const server = await runServer({ ...admin, password: 'grün:secret' });
    for (const path of ['/', '/api/info', '/metrics', '/nothing', '/healthz/', '/readyz/x', '/HEALTHZ']) {
      const answer = await ask(server, path);
      expect(answer, path).toMatchObject({ status: 401 });
      expect(answer.headers['www-authenticate']).toBe('Basic realm="ldlm", charset="UTF-8"');
      expect(answer.json()).toEqual({ code: 'LDLM_ADMIN_CREDENTIALS', message: 'missing credentials' });
    }
    for (const path of ['/healthz', '/readyz', '/readyz?verbose']) {
      expect(await ask(server, path), path).toMatchObject({ status: 200 });
    }
  });

  it('is taken with any user name, and no other one is', async () => {
    const server = await runServer({ ...admin, password: 'grün:secret' });
    for (const user of ['', 'admin', 'prometheus']) {
      const headers = { authorization: basic(user, 'grün:secret') };
      expect(await ask(server, '/api/info', { headers })).toMatchObject({ status: 200 });
    }
    for (const authorization of [
      basic('admin', 'grün:secret '),
      basic('grün', 'secret'),
      basic('grün:secret', ''),
      'grün:secret'.replace('ü', 'u'),
      `Bearer ${basic('', 'grün:secret').slice(6)}`,
      'Basic',
      'Basic !',
    ]) {
      expect(await ask(server, '/api/info', { headers: { authorization } }), authorization).toMatchObject({
        status: 401,
      });
    }
  });

  it('opens the server to other machines', async () => {
    const open = { ...admin, adminListenAddress: '0.0.0.0:0' };
    await expect(runServer(open)).rejects.toMatchObject({ code: 'LDLM_CONFIG_INVALID' });
    const server = await runServer({ ...open, password: 'x' });
    const port = server.adminAddresses[0]!.split(':')[1]!;
    const reached = { adminAddresses: [`127.0.0.1:${port}`] };
    expect(await ask(reached, '/readyz')).toMatchObject({ status: 200 });
  });
});

describe('a page of another site', () => {
  it('gets nothing of the interface, so that it uses up nothing', async () => {
    const server = await runServer(admin);
    for (const site of ['cross-site', 'same-site', 'anything']) {
      const headers = { 'sec-fetch-site': site };
      for (const path of ['/api/events', '/api/info', '/api/lock?name=a', '/%61pi/info', '/api%2Finfo']) {
        const answer = await ask(server, path, { headers });
        expect(answer, path).toMatchObject({ status: 403 });
        expect(answer.json()).toEqual({
          code: 'LDLM_ADMIN_ORIGIN',
          message: 'only pages of this server may ask for this: the request comes from a page of another one',
        });
      }
      // Links lead here, and orchestrators ask whatever they like.
      for (const path of ['/', '/healthz', '/page/main.js', '/?a=/api/']) {
        expect(await ask(server, path, { headers }), path).toMatchObject({ status: 200 });
      }
    }
  });

  it('is not what this server’s page, its user or a program is taken for', async () => {
    const server = await runServer(admin);
    for (const site of ['same-origin', 'none']) {
      expect(await ask(server, '/api/info', { headers: { 'sec-fetch-site': site } })).toMatchObject({
        status: 200,
      });
    }
    expect(await ask(server, '/api/info')).toMatchObject({ status: 200 });
  });
});

describe('a change', () => {
  it('comes from a page of the server', async () => {
    const server = await runServer(admin);
    expect(await post(server, await pageHeaders(server))).toMatchObject(PASSED);
    const sameOrigin = { ...(await pageHeaders(server)), 'sec-fetch-site': 'same-origin' };
    expect(await post(server, sameOrigin)).toMatchObject(PASSED);
  });

  it('from another origin is refused, also with a cookie and a token', async () => {
    const server = await runServer(admin);
    const headers = await pageHeaders(server);
    const port = server.adminAddresses[0]!.split(':')[1];
    for (const origin of [
      'http://evil.example',
      'null',
      `http://localhost:${port}`,
      `http://127.0.0.1`,
      `http://127.0.0.1:${port}.evil.example`,
      `ftp://127.0.0.1:${port}`,
    ]) {
      const answer = await post(server, { ...headers, origin });
      expect(answer, origin).toMatchObject({ status: 403 });
      expect(answer.json()).toEqual({
        code: 'LDLM_ADMIN_ORIGIN',
        message: `changes come from a page of this server only: the request names the origin "${origin}"`,
      });
    }
    expect(await post(server, without(headers, 'origin'))).toMatchObject({ status: 403 });
    for (const site of ['cross-site', 'same-site', 'none']) {
      expect(await post(server, { ...headers, 'sec-fetch-site': site })).toMatchObject({ status: 403 });
    }
  });

  it('without the cookie and its token is refused', async () => {
    const server = await runServer(admin);
    const [headers, other] = [await pageHeaders(server), await pageHeaders(server)];
    for (const forged of [
      without(headers, 'x-ldlm-token'),
      without(headers, 'cookie'),
      { ...headers, 'x-ldlm-token': '' },
      { ...headers, 'x-ldlm-token': other['x-ldlm-token']! },
    ]) {
      const answer = await post(server, forged);
      expect(answer).toMatchObject({ status: 403 });
      expect(answer.json()).toMatchObject({ code: 'LDLM_ADMIN_TOKEN' });
    }
  });

  it('is whatever is not known to change nothing', async () => {
    const server = await runServer(admin);
    for (const method of ['POST', 'PUT', 'PATCH', 'DELETE', 'QUERY', 'PROPFIND'] as const) {
      const asked = ask(server, CHANGE, { method: method as 'POST' });
      expect(await asked, method).toMatchObject({ status: 403 });
    }
    for (const method of ['GET', 'HEAD', 'OPTIONS'] as const) {
      const answer = await ask(server, CHANGE, { method });
      expect(answer, method).toMatchObject(PASSED);
      expect(answer.headers['access-control-allow-origin']).toBeUndefined();
    }
  });

  it('needs the password too', async () => {
    const server = await runServer({ ...admin, password: 'x' });
    const headers = await pageHeaders(server, { authorization: basic('', 'x') });
    expect(await post(server, headers)).toMatchObject(PASSED);
    expect(await post(server, without(headers, 'authorization'))).toMatchObject({ status: 401 });
  });
});
