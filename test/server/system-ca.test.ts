import { existsSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { findSystemCaFile } from '../../src/server/system-ca.ts';

describe('findSystemCaFile', () => {
  it('lets SSL_CERT_FILE override the usual places', () => {
    expect(findSystemCaFile({ SSL_CERT_FILE: '/somewhere/ca.pem' })).toBe('/somewhere/ca.pem');
  });

  it('finds a file that exists, or none', () => {
    const file = findSystemCaFile({ SSL_CERT_FILE: '' });
    expect(file === null || existsSync(file)).toBe(true);
  });
});
