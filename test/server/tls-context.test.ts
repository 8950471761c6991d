import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ConnectionOptions, connect, createServer } from 'node:tls';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { loadTlsOptions, TlsConfigError, TlsOptionsError } from '../../src/server/tls-context.ts';

const fixture = (name: string) => new URL(`../fixtures/tls/${name}.pem`, import.meta.url).pathname;
const pem = (name: string) => readFileSync(fixture(name), 'utf8');

const plain = { tlsCertFile: '', tlsKeyFile: '', clientCertVerify: false, clientCaFile: '' };
const tls = { ...plain, tlsCertFile: fixture('server'), tlsKeyFile: fixture('server-key') };
const mutualTls = { ...tls, clientCaFile: fixture('ca') };
const client = { cert: pem('client'), key: pem('client-key') };
const foreignClient = { cert: pem('foreign-client'), key: pem('foreign-client-key') };

/** Connects to a server with these settings, and gives what was negotiated or the code of the client's error. */
async function shakeHands(settings: typeof plain, options: ConnectionOptions = {}): Promise<string> {
  const server = createServer(loadTlsOptions(settings) ?? {}, (socket) => {
    socket.on('error', () => {});
    socket.end('hello');
  });
  server.on('tlsClientError', () => {});
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  const { port } = server.address() as AddressInfo;
  const socket = connect({ port, host: '127.0.0.1', ca: pem('ca'), ALPNProtocols: ['h2'], ...options });
  return new Promise((resolve) => {
    // With TLS 1.3 a client learns only after its handshake that its certificate was refused.
    socket.on('data', () => resolve(`${socket.getProtocol()} ${socket.alpnProtocol}`));
    socket.on('close', () => resolve('closed'));
    socket.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
  });
}

function scratchFile(text: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'ldlm-tls-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, 'x.pem'), text);
  return join(folder, 'x.pem');
}

describe('loadTlsOptions', () => {
  it('gives nothing when nothing is set', () => {
    expect(loadTlsOptions(plain)).toBeNull();
  });

  it('serves TLS 1.2 and 1.3 with HTTP/2', async () => {
    expect(await shakeHands(tls)).toBe('TLSv1.3 h2');
    expect(await shakeHands(tls, { maxVersion: 'TLSv1.2' })).toBe('TLSv1.2 h2');
    expect(await shakeHands(tls, { host: 'localhost' })).toBe('TLSv1.3 h2');
  });

  it('refuses TLS 1.1', async () => {
    const old: ConnectionOptions = { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'ALL:@SECLEVEL=0' };
    expect(await shakeHands(tls, old)).toBe('ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION');
  });

  it('asks no client for a certificate unless told', async () => {
    expect(await shakeHands(tls, foreignClient)).toBe('TLSv1.3 h2');
  });

  it('lets in clients of the CA and nobody else', async () => {
    expect(await shakeHands(mutualTls, client)).toBe('TLSv1.3 h2');
    expect(await shakeHands(mutualTls)).toBe('ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED');
    expect(await shakeHands(mutualTls, foreignClient)).toMatch(/^(closed|ECONNRESET)$/);
  });

  it('passes over blocks of the CA file that are no certificates', async () => {
    const damaged = '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n';
    const clientCaFile = scratchFile(`${damaged}${pem('foreign-ca')}${pem('ca')}`);
    expect(await shakeHands({ ...mutualTls, clientCaFile }, client)).toBe('TLSv1.3 h2');
    expect(await shakeHands({ ...mutualTls, clientCaFile }, foreignClient)).toBe('TLSv1.3 h2');
  });

  it("verifies clients against the system's CAs without a CA file", async () => {
    vi.stubEnv('SSL_CERT_FILE', fixture('ca'));
    onTestFinished(() => void vi.unstubAllEnvs());
    const settings = { ...tls, clientCertVerify: true };
    expect(await shakeHands(settings, client)).toBe('TLSv1.3 h2');
    expect(await shakeHands(settings, foreignClient)).toMatch(/^(closed|ECONNRESET)$/);
  });

  const noServerTls = 'client TLS certificate verification requires server TLS to be configured';
  const keyPair = 'LoadX509KeyPair() error loading cert:';
  const nowhere = '/nowhere/x.pem';
  const noSuchFile = `open ${nowhere}: no such file or directory`;

  it.each<[string, Partial<typeof plain>, string]>([
    ['a client CA without TLS', { clientCaFile: fixture('ca') }, noServerTls],
    ['client verification without TLS', { clientCertVerify: true, tlsKeyFile: nowhere }, noServerTls],
    ['a key alone', { tlsKeyFile: nowhere }, `tls_key is set to ${nowhere}, but tls_cert is not set`],
    ['a certificate alone', { ...tls, tlsKeyFile: '' }, `${keyPair} open : no such file or directory`],
  ])('refuses %s, whatever is in the file', (_case, settings, message) => {
    expect(() => loadTlsOptions({ ...plain, ...settings })).toThrow(new TlsOptionsError(message));
  });

  it.each<[string, Partial<typeof plain>, string]>([
    ['a missing certificate', { ...tls, tlsCertFile: nowhere }, `${keyPair} ${noSuchFile}`],
    ['a missing key', { ...tls, tlsKeyFile: nowhere }, `${keyPair} ${noSuchFile}`],
    [
      'a key of another certificate',
      { ...tls, tlsKeyFile: fixture('client-key') },
      `${keyPair} tls: private key does not match public key`,
    ],
    [
      'a key in place of a certificate',
      { ...tls, tlsCertFile: fixture('server-key') },
      `${keyPair} tls: failed to find any PEM data in certificate input`,
    ],
    [
      'a certificate in place of a key',
      { ...tls, tlsKeyFile: fixture('server') },
      `${keyPair} tls: failed to find any PEM data in key input`,
    ],
    [
      'a missing client CA',
      { ...tls, clientCaFile: nowhere },
      `os.ReadFile() failed to read ca cert: ${noSuchFile}`,
    ],
    [
      'a client CA that is no certificate',
      { ...tls, clientCaFile: fixture('server-key') },
      'AppendCertsFromPEM() failed to append client ca cert',
    ],
  ])('refuses %s', (_case, settings, message) => {
    expect(() => loadTlsOptions({ ...plain, ...settings })).toThrow(new TlsConfigError(message));
  });

  it('refuses files with damaged contents', () => {
    const cert = scratchFile('-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n');
    const key = scratchFile('-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n');
    expect(() => loadTlsOptions({ ...tls, tlsCertFile: cert })).toThrow(
      `${keyPair} x509: malformed certificate`,
    );
    expect(() => loadTlsOptions({ ...tls, tlsKeyFile: key })).toThrow(
      `${keyPair} tls: failed to parse private key`,
    );
  });
});
