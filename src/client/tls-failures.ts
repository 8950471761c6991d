/**
 * What Node.js and OpenSSL say of certificates that cannot be trusted. By their texts, because @grpc/grpc-js passes on
 * nothing else; they are those of X509_verify_cert_error_string.
 */
const CERTIFICATE_FAULTS: readonly string[] = [
  'unable to verify the first certificate',
  'unable to get issuer certificate',
  'unable to get local issuer certificate',
  'self-signed certificate',
  'self signed certificate',
  'certificate has expired',
  'certificate is not yet valid',
  'certificate signature failure',
  'certificate chain too long',
  'certificate revoked',
  'certificate not trusted',
  'certificate rejected',
  'invalid CA certificate',
  'path length constraint exceeded',
  'unsupported certificate purpose',
  'unsuitable certificate purpose',
  "Hostname/IP does not match certificate's altnames",
];

/** What OpenSSL says of an alert by which the other side refuses the connection. */
const ALERT = /SSL alert number (\d+)/;
/** Bytes that were damaged on the way, and trouble of the other side's own: these may be over the next time. */
const PASSING_ALERTS: readonly number[] = [20, 21, 51, 80, 90];

/** What OpenSSL says when the other side does not speak TLS, or none that both sides know. */
const NO_COMMON_TLS =
  /SSL routines:[^:]*:(?:wrong version number|unsupported protocol|no protocols available)/;

/** Whether a connection failed because of what TLS demands, so that trying again is of no use; by the text of its error. */
export function isTlsFailure(text: string): boolean {
  if (CERTIFICATE_FAULTS.some((fault) => text.includes(fault)) || NO_COMMON_TLS.test(text)) return true;
  const alert = ALERT.exec(text)?.[1];
  return alert !== undefined && !PASSING_ALERTS.includes(Number(alert));
}
