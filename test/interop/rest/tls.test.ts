import { describe, expect, it } from 'vitest';
import { launchRest } from '../server-process.ts';
import { mutualTlsFlags, tlsFile, tlsFlags } from '../tls-fixture.ts';
import { CurlSession } from './curl-session.ts';

const trust = ['--cacert', tlsFile('ca.pem')];
const urlOf = (rest: string): string => `https://localhost:${rest.split(':')[1]}`;

describe('REST over TLS, by curl', () => {
  it.each([
    ['--http2', '2'],
    ['--http1.1', '1.1'],
  ])('speaks HTTP as curl asks for by %s', async (flag, version) => {
    const { rest } = await launchRest(...tlsFlags);
    const curl = await CurlSession.begin(urlOf(rest), ...trust, flag);
    const answer = await curl.post('/v1/lock', '{"name":"a"}');
    expect(answer).toMatchObject({ status: 200, version });
    expect(answer.body).toContain('"locked":true');
    expect(answer.headers).toMatch(/; HttpOnly; SameSite=Strict; Secure\r$/im);
    expect((await curl.ask('/v1/lock', '-X', 'GET')).status).toBe(405);
    expect((await curl.ask('/session', '-X', 'DELETE')).status).toBe(200);
  });

  it('tells a client in clear that TLS is spoken', async () => {
    const { rest } = await launchRest(...tlsFlags);
    expect(await new CurlSession(`http://${rest}`).ask('/')).toMatchObject({
      status: 400,
      body: 'Client sent an HTTP request to an HTTPS server.\n',
    });
  });

  it('lets in clients with a certificate of the CA, where one is asked for, and no others', async () => {
    const { rest } = await launchRest(...mutualTlsFlags, '--remote_admin');
    const certificate = (name: string) => [
      '--cert',
      tlsFile(`${name}.pem`),
      '--key',
      tlsFile(`${name}-key.pem`),
    ];
    const curl = await CurlSession.begin(urlOf(rest), ...trust, ...certificate('client'));
    await curl.post('/v1/lock', '{"name":"a"}');
    const listed = await curl.ask('/v1/locks');
    expect(listed).toMatchObject({ status: 200, version: '2' });
    expect(JSON.parse(listed.body)).toMatchObject({ locks: [{ name: 'a', holder_count: 1 }] });
    await expect(CurlSession.begin(urlOf(rest), ...trust)).rejects.toThrow();
    await expect(
      CurlSession.begin(urlOf(rest), ...trust, ...certificate('foreign-client')),
    ).rejects.toThrow();
  });
});
