import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { TlsOptions } from 'node:tls';
import { describeFileError } from '../config/file-error.ts';
import type { ServerOptions } from '../config/server-options.ts';
import { LdlmServerError } from '../contract/server-error.ts';
import { findSystemCaFile } from './system-ca.ts';

/** TLS files that cannot be used. The texts are LDLM's, and Go's below them. */
export class TlsConfigError extends LdlmServerError {
  constructor(message: string) {
    super('LDLM_TLS_CONFIG', message);
  }
}

/** Options about TLS that do not fit each other, whatever is in their files. */
export class TlsOptionsError extends TlsConfigError {}

type TlsSettings = Pick<ServerOptions, 'tlsCertFile' | 'tlsKeyFile' | 'clientCertVerify' | 'clientCaFile'>;

/**
 * Reads the certificate, its key and the CA of clients, and checks that they fit each other.
 *
 * @returns options for `tls.createServer`: TLS 1.2 or later, HTTP/2 offered by ALPN, client certificates required
 * when asked for. Null when no certificate is set, which means plain text.
 * @throws TlsConfigError
 */
export function loadTlsOptions(settings: TlsSettings): TlsOptions | null {
  const verifiesClients = settings.clientCertVerify || settings.clientCaFile !== '';
  if (settings.tlsCertFile === '') {
    if (verifiesClients) {
      throw new TlsOptionsError('client TLS certificate verification requires server TLS to be configured');
    }
    // LDLM serves plain text then. Whoever names a key wants TLS, so that would be worse than not to start.
    if (settings.tlsKeyFile !== '') {
      throw new TlsOptionsError(`tls_key is set to ${settings.tlsKeyFile}, but tls_cert is not set`);
    }
    return null;
  }
  return {
    ...loadKeyPair(settings.tlsCertFile, settings.tlsKeyFile),
    minVersion: 'TLSv1.2',
    ALPNProtocols: ['h2'],
    ...(verifiesClients && {
      ca: loadClientCa(settings.clientCaFile),
      requestCert: true,
      rejectUnauthorized: true,
    }),
  };
}

function loadKeyPair(certFile: string, keyFile: string): { cert: string; key: string } {
  try {
    const cert = readPem(certFile);
    const key = readPem(keyFile);
    checkKeyPair(parseCertificate(cert), parsePrivateKey(key));
    return { cert, key };
  } catch (error) {
    if (!(error instanceof TlsConfigError)) throw error;
    const message = `LoadX509KeyPair() error loading cert: ${error.message}`;
    throw keyFile === '' ? new TlsOptionsError(message) : new TlsConfigError(message);
  }
}

/** @throws TlsConfigError */
export function checkKeyPair(certificate: X509Certificate, key: KeyObject): void {
  if (!certificate.checkPrivateKey(key))
    throw new TlsConfigError('tls: private key does not match public key');
}

/** The first one of a file. @throws TlsConfigError */
export function parseCertificate(pem: string): X509Certificate {
  const first = certificatesIn(pem)[0];
  if (first === undefined) {
    throw new TlsConfigError('tls: failed to find any PEM data in certificate input');
  }
  try {
    return new X509Certificate(first);
  } catch {
    throw new TlsConfigError('x509: malformed certificate');
  }
}

/** @throws TlsConfigError */
export function parsePrivateKey(pem: string): KeyObject {
  if (!/-----BEGIN (.* )?PRIVATE KEY-----/.test(pem)) {
    throw new TlsConfigError('tls: failed to find any PEM data in key input');
  }
  try {
    return createPrivateKey(pem);
  } catch {
    throw new TlsConfigError('tls: failed to parse private key');
  }
}

/** The certificates of CAs whose clients are let in. */
function loadClientCa(caFile: string): string[] {
  const file = caFile === '' ? findSystemCaFile() : caFile;
  if (file === null) {
    throw new TlsConfigError('client_cert_verify: no system CA certificates found; set client_ca');
  }
  const certificates = usableCertificates(readCa(file));
  if (certificates.length === 0) {
    throw new TlsConfigError('AppendCertsFromPEM() failed to append client ca cert');
  }
  return certificates;
}

function readCa(file: string): string {
  try {
    return readPem(file);
  } catch (error) {
    if (!(error instanceof TlsConfigError)) throw error;
    throw new TlsConfigError(`os.ReadFile() failed to read ca cert: ${error.message}`);
  }
}

/** @throws TlsConfigError */
export function readPem(file: string): string {
  try {
    return readFileSync(file, 'latin1');
  } catch (error) {
    throw new TlsConfigError(describeFileError(error, file));
  }
}

/** Those in a file. Blocks that are no certificates are passed over, as Go does. */
export function usableCertificates(pem: string): string[] {
  return certificatesIn(pem).filter(isCertificate);
}

function certificatesIn(pem: string): string[] {
  return pem.match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g) ?? [];
}

function isCertificate(pem: string): boolean {
  try {
    return new X509Certificate(pem).raw.length > 0;
  } catch {
    return false;
  }
}
