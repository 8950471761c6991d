import { describe, expect, it } from 'vitest';
import {
  formatListenAddress,
  ListenAddressError,
  parseListenAddress,
} from '../../src/config/listen-address.ts';

describe('parseListenAddress', () => {
  it.each([
    ['localhost:3144', 'localhost', 3144],
    ['127.0.0.1:0', '127.0.0.1', 0],
    [':3144', '', 3144],
    ['0.0.0.0:3144', '0.0.0.0', 3144],
    ['[::1]:3144', '::1', 3144],
    ['[fe80::1%eth0]:65535', 'fe80::1%eth0', 65_535],
    ['[127.0.0.1]:80', '127.0.0.1', 80],
    ['localhost:', 'localhost', 0],
    ['localhost:+80', 'localhost', 80],
    ['localhost:-0', 'localhost', 0],
    ['localhost:0080', 'localhost', 80],
  ])('reads %s', (text, host, port) => {
    expect(parseListenAddress(text)).toStrictEqual({ host, port });
  });

  /** What Go 1.26 says to each. */
  it.each([
    ['', 'missing port in address'],
    ['nocolon', 'address nocolon: missing port in address'],
    ['a:b:c', 'address a:b:c: too many colons in address'],
    ['::1:3144', 'address ::1:3144: too many colons in address'],
    ['[::1]', 'address [::1]: missing port in address'],
    ['[::1]3144', 'address [::1]3144: missing port in address'],
    ['[::1:5', "address [::1:5: missing ']' in address"],
    ['[a]b:5', 'address [a]b:5: missing port in address'],
    ['[::1]:5:6', 'address [::1]:5:6: too many colons in address'],
    ['a[:5', "address a[:5: unexpected '[' in address"],
    ['a]:5', "address a]:5: unexpected ']' in address"],
    ['[[::1]:5', "address [[::1]:5: unexpected '[' in address"],
    ['[::1]:5]', "address [::1]:5]: unexpected ']' in address"],
    ['127.0.0.1:99999', 'address 99999: invalid port'],
    ['127.0.0.1:65536', 'address 65536: invalid port'],
    ['127.0.0.1:-1', 'address -1: invalid port'],
    ['127.0.0.1:99999999999', 'address 99999999999: invalid port'],
    ['127.0.0.1:abc', 'lookup tcp/abc: unknown port'],
    ['127.0.0.1: 80', 'lookup tcp/ 80: unknown port'],
    ['127.0.0.1:1e3', 'lookup tcp/1e3: unknown port'],
  ])('refuses %j', (text, reason) => {
    expect(() => parseListenAddress(text)).toThrow(new ListenAddressError(reason));
  });
});

describe('formatListenAddress', () => {
  it.each(['localhost:3144', ':3144', '[::1]:0', '10.0.0.1:80'])('writes %s as it was read', (text) => {
    expect(formatListenAddress(parseListenAddress(text))).toBe(text);
  });
});
