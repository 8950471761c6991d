import { status } from '@grpc/grpc-js';
import { describe, expect, it } from 'vitest';
import { statusOf } from '../../clients/lock-client.ts';
import { connect, runToEnd, sharedServer } from '../server-process.ts';
import { mutualTlsFlags, tlsCredentials, tlsFile, tlsFlags } from '../tls-fixture.ts';
import { granted } from './replies.ts';

/** The address by the name that the certificate is for. */
const byName = (address: string): string => address.replace('127.0.0.1', 'localhost');

describe('the password', () => {
  const server = sharedServer('--password', 'pass word');

  it('68: is asked for', async () => {
    expect(await statusOf(connect(server.address).lock({ name: 'c68' }))).toStrictEqual({
      code: status.UNAUTHENTICATED,
      details: 'missing credentials',
    });
  });

  it.each(['wrong', '', 'Pass word', 'Bearer pass word', 'Basic cGFzcyB3b3Jk', 'pass wor', 'pass words'])(
    '69: is not %j',
    async (password) => {
      expect(await statusOf(connect(server.address, { password }).lock({ name: 'c69' }))).toStrictEqual({
        code: status.UNAUTHENTICATED,
        details: 'invalid credentials',
      });
    },
  );

  it('70: is sent bare', async () => {
    const client = connect(server.address, { password: 'pass word' });
    expect(await client.lock({ name: 'c70' })).toStrictEqual(granted('c70'));
  });
});

describe('TLS', () => {
  const server = sharedServer(...tlsFlags);

  it('71: serves a client that verifies the certificate', async () => {
    const client = connect(byName(server.address), { credentials: tlsCredentials() });
    expect(await client.lock({ name: 'c71' })).toStrictEqual(granted('c71'));
  });

  it('71: does not serve a client in plain text', async () => {
    expect((await statusOf(connect(server.address).lock({ name: 'c71' }))).code).toBe(status.UNAVAILABLE);
  });
});

describe('mutual TLS', () => {
  const server = sharedServer(...mutualTlsFlags);

  it('72: serves a client whose certificate is of the CA', async () => {
    const client = connect(byName(server.address), { credentials: tlsCredentials('client') });
    expect(await client.lock({ name: 'c72' })).toStrictEqual(granted('c72'));
  });

  it.each([undefined, 'foreign-client'] as const)('72: does not serve a client with %s', async (name) => {
    const client = connect(byName(server.address), { credentials: tlsCredentials(name) });
    expect((await statusOf(client.lock({ name: 'c72' }))).code).toBe(status.UNAVAILABLE);
  });
});

describe('TLS options that cannot be', () => {
  const needsServerTls = 'client TLS certificate verification requires server TLS to be configured';

  it.each([
    ['73', 2, ['--client_cert_verify'], needsServerTls],
    ['73', 2, ['--client_ca', tlsFile('ca.pem')], needsServerTls],
    [
      '92',
      2,
      ['--tls_cert', tlsFile('server.pem')],
      'LoadX509KeyPair() error loading cert: open : no such file or directory',
    ],
    [
      '92',
      1,
      ['--tls_cert', tlsFile('server.pem'), '--tls_key', tlsFile('client-key.pem')],
      'LoadX509KeyPair() error loading cert: tls: private key does not match public key',
    ],
    [
      '92',
      1,
      [...tlsFlags, '--client_ca', '/no/such.pem'],
      'os.ReadFile() failed to read ca cert: open /no/such.pem: no such file or directory',
    ],
    [
      '92',
      1,
      [...tlsFlags, '--client_ca', tlsFile('README.md')],
      'AppendCertsFromPEM() failed to append client ca cert',
    ],
  ])('%s, exit code %d: %j ends the start', async (_number, expected, flags, reason) => {
    const { exitCode, stderr } = await runToEnd(flags);
    expect(stderr).toBe(`net.Run() error starting server: ${reason}\n`);
    expect(exitCode).toBe(expected);
  });
});
