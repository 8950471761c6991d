import { execFile } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { peers } from './peers.ts';
import { sharedServer } from './server-process.ts';
import { tlsFlags } from './tls-fixture.ts';

const plain = sharedServer();
const secure = sharedServer(...tlsFlags);

interface Summary {
  readonly tests: number;
  readonly passed: number;
  readonly skipped: number;
  readonly failed: number;
}

/** Runs h2spec with its strict cases, and returns its summary and the section on failures. */
function h2spec(
  address: string,
  ...flags: readonly string[]
): Promise<{ summary: Summary; failures: string }> {
  const [host, port] = address.split(':');
  const words = ['--strict', '--host', host!, '--port', port!, ...flags];
  return new Promise((resolve, reject) => {
    execFile(peers.h2spec, words, { timeout: 110_000 }, (error, stdout, stderr) => {
      const counts = /^(\d+) tests, (\d+) passed, (\d+) skipped, (\d+) failed$/m.exec(stdout);
      if (counts === null) return reject(new Error(`no summary: ${stdout}${stderr}`, { cause: error }));
      const [tests, passed, skipped, failed] = counts.slice(1).map(Number) as [
        number,
        number,
        number,
        number,
      ];
      const failures = stdout.slice(stdout.indexOf('Failures:'));
      resolve({ summary: { tests, passed, skipped, failed }, failures: failed === 0 ? '' : failures });
    });
  });
}

describe('h2spec', () => {
  const all = { tests: 146, passed: 146, skipped: 0, failed: 0 };

  it('passes in clear', { timeout: 120_000 }, async () => {
    const { summary, failures } = await h2spec(plain.address);
    expect(failures).toBe('');
    expect(summary).toStrictEqual(all);
  });

  it('passes over TLS', { timeout: 120_000 }, async () => {
    const { summary, failures } = await h2spec(secure.address, '--tls', '--insecure');
    expect(failures).toBe('');
    expect(summary).toStrictEqual(all);
  });
});
