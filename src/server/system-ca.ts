import { existsSync } from 'node:fs';

/** Where the distributions keep the bundle of CA certificates that they trust, in the order in which Go looks. */
const bundleFiles = [
  '/etc/ssl/certs/ca-certificates.crt', // Debian, Ubuntu, Gentoo, Arch, Alpine
  '/etc/pki/tls/certs/ca-bundle.crt', // Fedora, RHEL
  '/etc/ssl/ca-bundle.pem', // SUSE
  '/etc/pki/tls/cacert.pem', // OpenELEC
  '/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem', // CentOS, RHEL
  '/etc/ssl/cert.pem', // macOS, the BSDs, Alpine
  '/usr/local/etc/ssl/cert.pem', // FreeBSD
  '/usr/local/share/certs/ca-root-nss.crt', // FreeBSD, DragonFly
];

/**
 * The file with the CA certificates that the operating system trusts, or null when none is found. `SSL_CERT_FILE`
 * overrides the usual places. (`tls.getCACertificates('system')` does not exist in Node.js 20.)
 */
export function findSystemCaFile(
  env: { readonly SSL_CERT_FILE?: string | undefined } = process.env,
): string | null {
  const override = env.SSL_CERT_FILE;
  if (override !== undefined && override !== '') return override;
  return bundleFiles.find((file) => existsSync(file)) ?? null;
}
