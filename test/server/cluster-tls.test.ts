import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadClusterTls } from '../../src/server/cluster-tls.ts';
import { TlsConfigError } from '../../src/server/tls-context.ts';
import { afterwards } from './running-server.ts';

const fixture = (name: string) => new URL(`../fixtures/tls/${name}.pem`, import.meta.url).pathname;
const files = {
  zookeeperTlsCaFile: fixture('ca'),
  zookeeperTlsCertFile: fixture('client'),
  zookeeperTlsKeyFile: fixture('client-key'),
};

function scratchFile(text: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'ldlm-cluster-tls-'));
  afterwards(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 'a.pem');
  writeFileSync(path, text);
  return path;
}

describe('the files of TLS to an ensemble', () => {
  it('are read as far as they are given', () => {
    const ca = [readFileSync(fixture('ca'), 'latin1').trim()];
    const [cert, key] = ['client', 'client-key'].map((name) => readFileSync(fixture(name), 'latin1'));
    expect(loadClusterTls(files)).toEqual({ ca, cert, key });
    expect(loadClusterTls({ ...files, zookeeperTlsCertFile: '', zookeeperTlsKeyFile: '' })).toEqual({ ca });
    expect(loadClusterTls({ ...files, zookeeperTlsCaFile: '' })).toBe(false);
  });

  it.each([
    ['zookeeper_tls_ca', { zookeeperTlsCaFile: 'none' }],
    ['zookeeper_tls_cert', { zookeeperTlsCertFile: 'none' }],
    ['zookeeper_tls_key', { zookeeperTlsKeyFile: 'none' }],
  ])('are named with the reason where they cannot be read: %s', (option, missing) => {
    expect(() => loadClusterTls({ ...files, ...missing })).toThrow(
      new TlsConfigError(`${option}: open none: no such file or directory`),
    );
  });

  it('are named with what they must be where they are something else', () => {
    const block = (name: string) => scratchFile(`-----BEGIN ${name}-----\nAAAA\n-----END ${name}-----\n`);
    const refusals: readonly [keyof typeof files, string, string][] = [
      ['zookeeperTlsCaFile', scratchFile('garbage'), 'zookeeper_tls_ca: X must be a PEM file with the cert'],
      ['zookeeperTlsCaFile', block('CERTIFICATE'), 'zookeeper_tls_ca: X must be a PEM file with the cert'],
      [
        'zookeeperTlsCertFile',
        scratchFile('garbage'),
        'zookeeper_tls_cert: X must be a PEM file with a certificate: tls: failed to find any PEM data',
      ],
      [
        'zookeeperTlsKeyFile',
        block('PRIVATE KEY'),
        'zookeeper_tls_key: X must be a PEM file with a private key: tls: failed to parse private key',
      ],
      [
        'zookeeperTlsKeyFile',
        fixture('server-key'),
        `zookeeper_tls_key: X must have the key of the certificate in ${fixture('client')}: tls: private key`,
      ],
    ];
    for (const [option, path, message] of refusals) {
      const load = () => loadClusterTls({ ...files, [option]: path });
      expect(load).toThrow(TlsConfigError);
      expect(load).toThrow(message.replace('X', path));
    }
  });
});
