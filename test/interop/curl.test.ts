import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { sharedServer } from './server-process.ts';
import { tlsFile, tlsFlags } from './tls-fixture.ts';

const run = promisify(execFile);

const plain = sharedServer();
const secure = sharedServer(...tlsFlags);

/** Runs curl and returns what it received, its headers first when `-i` is among the words. */
async function curl(...words: readonly string[]): Promise<Buffer> {
  const { stdout } = await run('curl', ['--silent', '--show-error', '--max-time', '20', ...words], {
    encoding: 'buffer',
  });
  return stdout;
}

/** The message of a Lock for the name `a`, with gRPC's prefix. */
const lockA = Buffer.from('00000000030a0161', 'hex');

async function postLock(...words: readonly string[]): Promise<Buffer> {
  const work = run(
    'curl',
    [
      '--silent',
      '--show-error',
      '-H',
      'content-type: application/grpc',
      '-H',
      'te: trailers',
      '--data-binary',
      '@-',
      ...words,
    ],
    { encoding: 'buffer' },
  );
  work.child.stdin?.end(lockA);
  return (await work).stdout;
}

describe('curl', () => {
  it('gets a text that says what this is', async () => {
    const answer = (await curl('-i', '--http2-prior-knowledge', `http://${plain.address}/`)).toString();
    expect(answer).toMatch(/^HTTP\/2 \d{3}/);
    expect(answer).toMatch(/^content-type: text\/plain/m);
    expect(answer).toMatch(/gRPC/i);
  });

  it('makes a gRPC call over HTTP/2 in clear', async () => {
    const url = `http://${plain.address}/ldlm.LDLM/Lock`;
    const reply = await postLock('--http2-prior-knowledge', url);
    expect(reply[0]).toBe(0);
    expect(reply.readUInt32BE(1)).toBe(reply.length - 5);
    expect(reply.subarray(5, 12).toString('hex')).toMatch(/^08011201611a24/);
    expect(reply.subarray(12, 48).toString()).toMatch(/^[0-9a-f-]{36}$/);
  });

  it('makes a gRPC call over HTTP/2 and TLS, with trailers', async () => {
    const url = `https://${secure.address}/ldlm.LDLM/Lock`;
    const answer = (await postLock('-i', '--http2', '--cacert', tlsFile('ca.pem'), url)).toString('latin1');
    expect(answer).toMatch(/^HTTP\/2 200/);
    expect(answer).toMatch(/^content-type: application\/grpc/m);
    expect(answer).toMatch(/grpc-status: ?0\r\n/);
  });

  it('is told over HTTP/1.1 that HTTP/2 is spoken here', async () => {
    const answer = (await curl('-i', '--http1.1', `http://${plain.address}/`)).toString();
    expect(answer).toMatch(/^HTTP\/1\.1 (400|426|505)/);
    expect(answer).toMatch(/HTTP\/2/);
  });
});
