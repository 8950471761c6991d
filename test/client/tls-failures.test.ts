import { describe, expect, it } from 'vitest';
import { isTlsFailure } from '../../src/client/tls-failures.ts';

const openssl = (text: string): string =>
  `800C:error:0A00045C:SSL routines:ssl3_read_bytes:${text}:../rec.c:1601:`;

describe('an error of a connection', () => {
  it.each([
    'unable to verify the first certificate',
    'self-signed certificate in certificate chain',
    'No connection established. Last error: Error: certificate has expired. Resolution note: ',
    "Hostname/IP does not match certificate's altnames: Host: example.org. is not in the cert's altnames: DNS:x",
    `${openssl('tlsv13 alert certificate required')}SSL alert number 116\n`,
    `${openssl('sslv3 alert handshake failure')}SSL alert number 40`,
    '80:error:0A00010B:SSL routines:ssl3_get_record:wrong version number:../ssl3_record.c:350:\n',
  ])('is one that no repetition mends: %s', (text) => {
    expect(isTlsFailure(text)).toBe(true);
  });

  it.each([
    'connect ECONNREFUSED 127.0.0.1:1',
    'other side closed',
    'Client network socket disconnected before secure TLS connection was established',
    `${openssl('sslv3 alert bad record mac')}SSL alert number 20`,
    `${openssl('tlsv1 alert internal error')}SSL alert number 80`,
    openssl('unexpected eof while reading'),
  ])('may be over the next time: %s', (text) => {
    expect(isTlsFailure(text)).toBe(false);
  });
});
