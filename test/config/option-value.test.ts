import { describe, expect, it } from 'vitest';
import { Limits } from '../../src/base/limits.ts';
import { ConfigError } from '../../src/config/config-error.ts';
import { findOption, type OptionRow } from '../../src/config/option-table.ts';
import { checkOptionValue, parseOptionValue } from '../../src/config/option-value.ts';

function row(name: string): OptionRow {
  const found = findOption(name);
  if (found === undefined) throw new Error(`no option ${name}`);
  return found;
}

const parse = (name: string, text: string) =>
  parseOptionValue(row(name), text, ({ name: option }, given, reason) => `${option}=${given}: ${reason}`);

describe('parseOptionValue', () => {
  it.each([
    ['shards', '1', 1],
    ['shards', '064', 64],
    ['lock_gc_interval', '1h30m', 5_400_000],
    ['lock_gc_min_idle', '0', 0],
    ['keepalive_interval', '-5s', -5_000],
    ['log_level', 'debug', 'debug'],
    ['password', '', ''],
    ['tls_cert', '/a b', '/a b'],
  ])('reads %s %j', (name, text, value) => {
    expect(parse(name, text)).toBe(value);
  });

  it.each(['1', 't', 'T', 'true', 'TRUE', 'True'])('reads %s as true', (text) => {
    expect(parse('no_clear_on_disconnect', text)).toBe(true);
  });

  it.each(['0', 'f', 'F', 'false', 'FALSE', 'False'])('reads %s as false', (text) => {
    expect(parse('no_clear_on_disconnect', text)).toBe(false);
  });

  it.each([
    ['no_clear_on_disconnect', 'yes', 'strconv.ParseBool: parsing "yes": invalid syntax'],
    ['no_clear_on_disconnect', '', 'strconv.ParseBool: parsing "": invalid syntax'],
    ['no_clear_on_disconnect', 'tRUE', 'strconv.ParseBool: parsing "tRUE": invalid syntax'],
    ['shards', 'abc', 'strconv.ParseUint: parsing "abc": invalid syntax'],
    ['shards', '-1', 'strconv.ParseUint: parsing "-1": invalid syntax'],
    ['shards', '1.5', 'strconv.ParseUint: parsing "1.5": invalid syntax'],
    ['shards', '4294967296', 'strconv.ParseUint: parsing "4294967296": value out of range'],
    ['lock_gc_interval', '5', 'time: missing unit in duration "5"'],
  ])('has %s %j explained where it stands', (name, text, reason) => {
    expect(() => parse(name, text)).toThrow(new ConfigError(`${name}=${text}: ${reason}`));
  });

  it.each([
    ['shards', '0', 'shards must be a whole number between 1 and 64, got 0'],
    ['shards', '65', 'shards must be a whole number between 1 and 64, got 65'],
    ['lock_gc_interval', '0s', 'lock_gc_interval must be a duration between 100ms and 87600h0m0s, got 0s'],
    ['keepalive_timeout', '577h', 'keepalive_timeout must be a duration of at most 576h0m0s, got 577h'],
    ['log_level', 'INFO', 'log_level must be one of debug, info, warn, error'],
    ['log_format', 'xml', 'log_format must be one of json, pretty, got xml'],
  ])('refuses %s %s with the range', (name, text, message) => {
    expect(() => parse(name, text)).toThrow(new ConfigError(message));
  });
});

describe('checkOptionValue', () => {
  it.each([
    ['shards', '4', 'shards must be a whole number between 1 and 64, got "4"'],
    ['shards', 1.5, 'shards must be a whole number between 1 and 64, got 1.5'],
    ['shards', Number.NaN, 'shards must be a whole number between 1 and 64, got NaN'],
    ['shutdown_grace', Number.NaN, 'shutdown_grace must be a duration between 0s and 576h0m0s, got NaN'],
    ['client_cert_verify', 'true', 'client_cert_verify must be true or false, got "true"'],
    [
      'password',
      5,
      'password must be a text of at most 4096 bytes, without control characters and without blanks at its ends, got 5',
    ],
    ['tls_cert', 5, 'tls_cert must be a text, got 5'],
  ])('refuses %s %j', (name, value, message) => {
    expect(() => checkOptionValue(row(name), value)).toThrow(new ConfigError(message));
  });

  it('takes no password that is longer than clients can send, and does not show it', () => {
    const longest = 'ü'.repeat(Limits.authorizationBytesMax / 2);
    expect(() => checkOptionValue(row('password'), longest)).not.toThrow();
    const message =
      'password must be a text of at most 4096 bytes, without control characters and without blanks at its ends, got one of 4097';
    expect(() => checkOptionValue(row('password'), `${longest}x`)).toThrow(new ConfigError(message));
  });

  it.each([' a', 'a ', '\ta', 'a\n', 'a\r\nb', 'a\0b', 'a\x7f', 'a\x85b', ' '])(
    'takes no password %j, which no client could send',
    (password) => {
      expect(() => checkOptionValue(row('password'), password)).toThrow(
        new ConfigError(
          'password must be a text of at most 4096 bytes, without control characters and without blanks at its ends, ' +
            `got one of ${Buffer.byteLength(password)}`,
        ),
      );
    },
  );

  it.each(['', 'a b', 'a  b', '~!@#', 'naïve', '密码'])('takes the password %j', (password) => {
    expect(() => checkOptionValue(row('password'), password)).not.toThrow();
  });
});
