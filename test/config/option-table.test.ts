import { describe, expect, it } from 'vitest';
import { defaultTextOf, optionRows } from '../../src/config/option-table.ts';
import { parseOptionValue } from '../../src/config/option-value.ts';

describe('the option table', () => {
  /** LDLM's names, short flags and defaults, for the options that both have. */
  it.each([
    ['config_file', 'c', ''],
    ['lock_gc_interval', 'g', '30m'],
    ['lock_gc_min_idle', 'm', '5m'],
    ['keepalive_interval', 'k', '1m'],
    ['keepalive_timeout', 't', '10s'],
    ['listen_address', 'l', 'localhost:3144'],
    ['no_clear_on_disconnect', 'n', 'false'],
    ['rest_listen_address', 'r', ''],
    ['rest_session_timeout', undefined, '10m'],
    ['log_level', 'v', 'info'],
    ['tls_cert', undefined, ''],
    ['tls_key', undefined, ''],
    ['client_cert_verify', undefined, 'false'],
    ['client_ca', undefined, ''],
    ['password', undefined, ''],
    ['version', undefined, 'false'],
    ['help', 'h', 'false'],
  ])('has %s as LDLM has it', (name, short, defaultText) => {
    const row = optionRows.find((candidate) => candidate.name === name);
    expect(row?.short).toBe(short);
    expect(row?.default).toBe(defaultText);
  });

  it('uses every name, letter and field once', () => {
    for (const column of ['name', 'short', 'field'] as const) {
      const used = optionRows.flatMap((row) => row[column] ?? []);
      expect(new Set(used).size).toBe(used.length);
    }
  });

  it.each(optionRows.filter((row) => row.elsewhere !== 'nowhere'))(
    'has a default in range for $name',
    (row) => {
      expect(() => parseOptionValue(row, defaultTextOf(row), () => 'syntax')).not.toThrow();
    },
  );

  it.each(optionRows)('explains $name in a line', ({ help }) => {
    expect(help).toMatch(/^[A-Z].{10,75}[^.]$/);
  });
});
