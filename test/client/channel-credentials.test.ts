import { readFileSync } from 'node:fs';
import { Client } from '@grpc/grpc-js';
import { describe, expect, it } from 'vitest';
import { channelCredentials } from '../../src/client/channel-credentials.ts';
import type { TlsOptions } from '../../src/client/client-options.ts';
import { InvalidOptionError } from '../../src/client/errors.ts';
import { decodeUnlockReply, encodeUnlock } from '../../src/client/messages.ts';
import type { StartOptions } from '../../src/index.ts';
import { afterwards, runServer } from '../server/running-server.ts';

const fixture = (name: string): string => new URL(`../fixtures/tls/${name}.pem`, import.meta.url).pathname;
const pem = (name: string): Buffer => readFileSync(fixture(name));

const serverTls: StartOptions = { tlsCertFile: fixture('server'), tlsKeyFile: fixture('server-key') };
const mutualTls: StartOptions = { ...serverTls, clientCaFile: fixture('ca') };
const ca = fixture('ca');
const known = { ca, cert: fixture('client'), key: fixture('client-key') };
const foreign = { ca, cert: fixture('foreign-client'), key: fixture('foreign-client-key') };

/** Whether a call with these credentials is answered by a server with these options. */
async function call(options: StartOptions, tls: TlsOptions | null, host?: string): Promise<string> {
  const { address } = await runServer(options);
  const target = host === undefined ? address : `${host}:${address.split(':').at(-1)}`;
  const client = new Client(target, channelCredentials(tls), { 'grpc.use_local_subchannel_pool': 1 });
  afterwards(() => client.close());
  const message = encodeUnlock({ name: 'a', key: 'b', requestId: null });
  return new Promise((resolve) => {
    const asIs = (bytes: Buffer): Buffer => bytes;
    // Whoever is refused is so at once: the deadline is for those who would hang.
    const deadline = Date.now() + 20_000;
    client.makeUnaryRequest('/ldlm.LDLM/Unlock', asIs, decodeUnlockReply, message, { deadline }, (error) =>
      resolve(error === null ? 'answered' : `status ${error.code}`),
    );
  });
}

const unavailable = 'status 14';

describe('the credentials of a channel', () => {
  it('in clear reach a server in clear and no other one', async () => {
    expect(await call({}, null)).toBe('answered');
    expect(await call(serverTls, null)).toBe(unavailable);
  });

  it('with TLS reach no server in clear', async () => {
    expect(await call({}, { ca })).toBe(unavailable);
    expect(await call({}, { skipVerify: true })).toBe(unavailable);
  });

  it('trust the authority that is given, as a path or as it is', async () => {
    expect(await call(serverTls, { ca })).toBe('answered');
    expect(await call(serverTls, { ca: pem('ca') })).toBe('answered');
    expect(await call(serverTls, { ca }, 'localhost')).toBe('answered');
  });

  it('trust no other one', async () => {
    expect(await call(serverTls, { ca: fixture('foreign-ca') })).toBe(unavailable);
    expect(await call(serverTls, {})).toBe(unavailable);
  });

  it('take a certificate of any authority when they are told not to verify it', async () => {
    expect(await call(serverTls, { skipVerify: true })).toBe('answered');
    expect(await call(serverTls, { skipVerify: true, ca: fixture('foreign-ca') })).toBe('answered');
    expect(await call(serverTls, { skipVerify: false, ca: fixture('foreign-ca') })).toBe(unavailable);
  });

  it('show the certificate of the client to a server that asks for one', async () => {
    expect(await call(mutualTls, known)).toBe('answered');
    expect(await call(mutualTls, { ca, cert: pem('client'), key: pem('client-key') })).toBe('answered');
    expect(await call(mutualTls, { ca })).toBe(unavailable);
    expect(await call(mutualTls, foreign)).toBe(unavailable);
  });
});

describe('credentials that cannot be made', () => {
  it.each<[string, TlsOptions, string]>([
    ['a file that is not there', { ca: '/nowhere/ca.pem' }, 'tls.ca: ENOENT'],
    ['a certificate without a key', { cert: fixture('client') }, 'tls.cert and tls.key go together'],
    ['a key of another one', { cert: fixture('client'), key: fixture('server-key') }, 'tls cannot be used'],
    ['one in place of the other', { cert: fixture('client-key'), key: fixture('client') }, 'cannot be used'],
    ['what is no PEM', { cert: Buffer.from('none'), key: Buffer.from('none') }, 'tls cannot be used'],
  ])('are refused for %s', (_, tls, message) => {
    expect(() => channelCredentials(tls)).toThrow(InvalidOptionError);
    expect(() => channelCredentials(tls)).toThrow(message);
  });
});
