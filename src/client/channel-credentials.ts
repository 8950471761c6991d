import { readFileSync } from 'node:fs';
import { type ChannelCredentials, credentials } from '@grpc/grpc-js';
import type { Pem, TlsOptions } from './client-options.ts';
import { InvalidOptionError } from './errors.ts';

/**
 * The credentials of a channel; null: cleartext.
 *
 * @throws InvalidOptionError for files that cannot be read, and for keys and certificates that are none
 */
export function channelCredentials(tls: TlsOptions | null): ChannelCredentials {
  if (tls === null) return credentials.createInsecure();
  const ca = readPem('ca', tls.ca);
  const key = readPem('key', tls.key);
  const cert = readPem('cert', tls.cert);
  if ((key === null) !== (cert === null)) throw new InvalidOptionError('tls.cert and tls.key go together');
  try {
    return credentials.createSsl(ca, key, cert, {
      ...(tls.skipVerify === true && { rejectUnauthorized: false, checkServerIdentity: () => undefined }),
    });
  } catch (error) {
    throw new InvalidOptionError(
      `tls cannot be used: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}

function readPem(option: string, pem: Pem | undefined): Buffer | null {
  if (pem === undefined) return null;
  if (typeof pem !== 'string') return Buffer.from(pem);
  try {
    return readFileSync(pem);
  } catch (error) {
    throw new InvalidOptionError(`tls.${option}: ${error instanceof Error ? error.message : String(error)}`);
  }
}
