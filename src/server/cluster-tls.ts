import type { ConnectionOptions } from 'node:tls';
import type { ServerOptions } from '../config/server-options.ts';
import {
  checkKeyPair,
  parseCertificate,
  parsePrivateKey,
  readPem,
  TlsConfigError,
  usableCertificates,
} from './tls-context.ts';

type ClusterTlsSettings = Pick<
  ServerOptions,
  'zookeeperTlsCaFile' | 'zookeeperTlsCertFile' | 'zookeeperTlsKeyFile'
>;

/**
 * Reads the files of TLS to an ensemble, and checks that they are what they should be: later, whoever connects is only told that
 * no server could be reached.
 *
 * @returns false: without TLS
 * @throws TlsConfigError naming the option and the file
 */
export function loadClusterTls(settings: ClusterTlsSettings): false | ConnectionOptions {
  const [caFile, certFile, keyFile] = [
    settings.zookeeperTlsCaFile,
    settings.zookeeperTlsCertFile,
    settings.zookeeperTlsKeyFile,
  ];
  if (caFile === '') return false;
  const ca = usableCertificates(read('zookeeper_tls_ca', caFile));
  if (ca.length === 0)
    throw new TlsConfigError(`zookeeper_tls_ca: ${caFile} must be a PEM file with the certificate of a CA`);
  if (certFile === '') return { ca };
  const cert = read('zookeeper_tls_cert', certFile);
  const certificate = look(`zookeeper_tls_cert: ${certFile} must be a PEM file with a certificate`, () =>
    parseCertificate(cert),
  );
  const key = read('zookeeper_tls_key', keyFile);
  const privateKey = look(`zookeeper_tls_key: ${keyFile} must be a PEM file with a private key`, () =>
    parsePrivateKey(key),
  );
  look(`zookeeper_tls_key: ${keyFile} must have the key of the certificate in ${certFile}`, () =>
    checkKeyPair(certificate, privateKey),
  );
  return { ca, cert, key };
}

function read(option: string, file: string): string {
  try {
    return readPem(file);
  } catch (error) {
    throw new TlsConfigError(`${option}: ${reasonOf(error)}`);
  }
}

function look<Found>(demand: string, find: () => Found): Found {
  try {
    return find();
  } catch (error) {
    throw new TlsConfigError(`${demand}: ${reasonOf(error)}`);
  }
}

function reasonOf(error: unknown): string {
  if (!(error instanceof TlsConfigError)) throw error;
  return error.message;
}
