import { readFileSync } from 'node:fs';
import type { Pem, TlsOptions } from './client-options.ts';
import { InvalidOptionError } from './errors.ts';

/** What the files of {@link TlsOptions} hold; null for those that are not given. */
export interface TlsMaterial {
  readonly ca: Buffer | null;
  readonly key: Buffer | null;
  readonly cert: Buffer | null;
}

/** @throws InvalidOptionError for files that cannot be read, and for a key without a certificate and the reverse */
export function readTlsMaterial(tls: TlsOptions): TlsMaterial {
  const ca = readPem('ca', tls.ca);
  const key = readPem('key', tls.key);
  const cert = readPem('cert', tls.cert);
  if ((key === null) !== (cert === null)) throw new InvalidOptionError('tls.cert and tls.key go together');
  return { ca, key, cert };
}

/**
 * Makes of TLS material what a transport needs of it.
 *
 * @throws InvalidOptionError when that fails, as it does with keys and certificates that are none
 */
export function useTlsMaterial<Made>(make: () => Made): Made {
  try {
    return make();
  } catch (error) {
    throw new InvalidOptionError(
      `tls cannot be used: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}

/**
 * The same options without files, for those who open a connection later than their caller can be told of them.
 *
 * @throws InvalidOptionError
 */
export function loadTlsFiles(tls: TlsOptions): TlsOptions {
  const { ca, key, cert } = readTlsMaterial(tls);
  return { ...tls, ...(ca !== null && { ca }), ...(key !== null && cert !== null && { key, cert }) };
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
