import { readFileSync } from 'node:fs';
import { type ChannelCredentials, credentials } from '@grpc/grpc-js';
import { root } from './peers.ts';

/** The path of a file of test/fixtures/tls. */
export function tlsFile(name: string): string {
  return `${root}test/fixtures/tls/${name}`;
}

/** Flags that turn TLS on, and with `mutual` the verification of clients. */
export const tlsFlags = [
  '--tls_cert',
  tlsFile('server.pem'),
  '--tls_key',
  tlsFile('server-key.pem'),
] as const;
export const mutualTlsFlags = [...tlsFlags, '--client_ca', tlsFile('ca.pem')] as const;

/** Credentials of a client that trusts the test authority and shows the certificate `client`, if one is named. */
export function tlsCredentials(client?: 'client' | 'foreign-client'): ChannelCredentials {
  const ca = readFileSync(tlsFile('ca.pem'));
  if (client === undefined) return credentials.createSsl(ca);
  return credentials.createSsl(
    ca,
    readFileSync(tlsFile(`${client}-key.pem`)),
    readFileSync(tlsFile(`${client}.pem`)),
  );
}
