import { type ChannelCredentials, credentials } from '@grpc/grpc-js';
import type { TlsOptions } from './client-options.ts';
import { readTlsMaterial, useTlsMaterial } from './tls-material.ts';

/**
 * The credentials of a channel; null: cleartext.
 *
 * @throws InvalidOptionError for files that cannot be read, and for keys and certificates that are none
 */
export function channelCredentials(tls: TlsOptions | null): ChannelCredentials {
  if (tls === null) return credentials.createInsecure();
  const { ca, key, cert } = readTlsMaterial(tls);
  return useTlsMaterial(() =>
    credentials.createSsl(ca, key, cert, {
      ...(tls.skipVerify === true && { rejectUnauthorized: false, checkServerIdentity: () => undefined }),
    }),
  );
}
