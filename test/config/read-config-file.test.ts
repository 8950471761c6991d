import { describe, expect, it } from 'vitest';
import { ConfigError } from '../../src/config/config-error.ts';
import { readConfigFile } from '../../src/config/read-config-file.ts';
import { writeScratchFile } from './scratch-file.ts';

const read = (name: string, text: string) => Object.fromEntries(readConfigFile(writeScratchFile(name, text)));

describe('readConfigFile', () => {
  const values = { listen_address: ':0', shards: 2, no_clear_on_disconnect: true, keepalive_timeout: 5_000 };

  it.each([
    ['a.yaml', 'listen_address: ":0"\nshards: 2\nno_clear_on_disconnect: true\nkeepalive_timeout: 5s\n'],
    [
      'a.yml',
      'listen: {address: ":0"}\nshards: "2"\nno: {clear: {on_disconnect: 1}}\nkeepalive:\n  timeout: 5s\n',
    ],
    ['a.YAML', '{listen_address: ":0", shards: 2, no_clear_on_disconnect: True, keepalive_timeout: 5s}'],
    [
      'a.json',
      '{"listen_address": ":0", "shards": 2, "no_clear_on_disconnect": true, "keepalive_timeout": "5s"}',
    ],
    [
      'a.JSON',
      '{"listen": {"address": ":0"}, "shards": "2", "no_clear": {"on_disconnect": 1}, "keepalive_timeout": "5s"}',
    ],
  ])('reads %s %j', (name, text) => {
    expect(read(name, text)).toStrictEqual(values);
  });

  it.each([
    ['a.yaml', ''],
    ['a.yaml', '# nothing\n'],
    ['a.yaml', '---\n'],
    ['a.json', ''],
    ['a.json', ' \n'],
    ['a.json', '{}'],
  ])('takes the empty %s %j', (name, text) => {
    expect(read(name, text)).toStrictEqual({});
  });

  it.each([
    ['password: 0123', '0123'],
    ['password: 1e3', '1e3'],
    ['password: "~"', '~'],
    ['password: ~', ''],
    ['password:', ''],
    ['password: ""', ''],
    ["password: 'a: b'", 'a: b'],
  ])('keeps the text of %s', (text, password) => {
    expect(read('a.yaml', text)).toStrictEqual({ password });
  });

  it.each([
    ['a.yaml', 'bogus: 1', 'unknown configuration file field: bogus'],
    ['a.yaml', '{password:secret}', 'unknown configuration file field: password... (did you mean password?)'],
    ['a.yaml', 'Shards: 1', 'unknown configuration file field: Shards (did you mean shards?)'],
    ['a.yaml', 'listen: {port: 1}', 'unknown configuration file field: listen_port'],
    ['a.yaml', 'listen: &l {address: ":0", again: *l}', 'unknown configuration file field: listen_again'],
    ['a.yaml', 'config_file: b.yaml', 'unknown configuration file field: config_file'],
    ['a.json', '{"__proto__": {"shards": 1}}', 'unknown configuration file field: __proto__'],
    [
      'a.yaml',
      'shards: abc',
      'unable to set value for shards: strconv.ParseUint: parsing "abc": invalid syntax',
    ],
    ['a.yaml', 'keepalive_timeout:', 'unable to set value for keepalive_timeout: time: invalid duration ""'],
    ['a.yaml', 'shards: [1, 2]', 'unable to set value for shards: a list is no value'],
    ['a.yaml', 'shards: {of: 2}', 'unable to set value for shards: a map is no value'],
    ['a.yaml', 'log_level: INFO', 'log_level must be one of debug, info, warn, error'],
    ['a.yaml', 'shards: 0', 'shards must be a whole number between 1 and 64, got 0'],
    [
      'a.yaml',
      'listen_address: ":1"\nlisten: {address: ":2"}',
      'configuration file field is set twice: listen_address',
    ],
    ['a.yaml', '- shards', 'error parsing config file: the top level must be a map of options'],
    ['a.json', '5', 'error parsing config file: the top level must be a map of options'],
  ])('refuses %s %j', (name, text, message) => {
    expect(() => read(name, text)).toThrow(new ConfigError(message));
  });

  it.each([
    ['a.yaml', 'shards: 1\nshards: 2\n'],
    ['a.yaml', 'shards: "1'],
    ['a.yaml', '\tshards: 1'],
    ['a.yaml', 'shards: *nowhere'],
    ['a.json', '{"shards": 1, "shards": 2}'],
    ['a.json', '{"shards": 1,}'],
    ['a.json', 'shards: 1'],
  ])('says in one line what is wrong with %s %j', (name, text) => {
    expect(() => read(name, text)).toThrow(/^error parsing config file: [^\n]+[^:\n]$/);
  });

  it.each([
    [
      'a.json',
      '{"shards": 1,\n "password": hunter2secret}',
      'this is not valid JSON, from line 2, column 14 on',
    ],
    ['a.json', '{"password": "ä", hunter2secret}', 'this is not valid JSON, from line 1, column 19 on'],
    ['a.json', '{"password": "hunter2secret', 'this is not valid JSON, from line 1, column 28 on'],
    ['a.json', '{"shards": 1} hunter2secret', 'this is not valid JSON, from line 1, column 15 on'],
    [
      'a.yaml',
      'shards: 1\npassword: *hunter2secret',
      'a value that begins with * stands for an earlier one, and there is none: else it needs quotes, ' +
        'at line 2, column 11 (BAD_ALIAS)',
    ],
    [
      'a.yaml',
      'password: @hunter2secret',
      'a value that begins with this character needs quotes, at line 1, column 11 (BAD_SCALAR_START)',
    ],
    [
      'a.yaml',
      'password: | hunter2secret\n',
      'nothing more was expected here: text behind a closing quote or bracket, or a missing comma, ' +
        'at line 1, column 13 (UNEXPECTED_TOKEN)',
    ],
  ])('says where %s %j is broken, and quotes nothing', (name, text, message) => {
    expect(() => read(name, text)).toThrow(new ConfigError(`error parsing config file: ${message}`));
  });

  it('quotes nothing of a broken file, whatever is wrong with it', () => {
    const broken = [
      'password: "\\qhunter2secret"',
      'password: hunter2secret: x',
      'password: "x"hunter2secret',
      'password: [hunter2secret',
      'password: {{hunter2secret}}',
      'a: 1\npassword:hunter2secret',
      '{password:hunter2secret}',
      '{password :hunter2secret}',
      'password: %hunter2secret',
      'password: &hunter2secret [*hunter2secret]',
      '!<hunter2secret [',
      `a: &a [x, x]\nb: &b [${'*a,'.repeat(60)}]\nc: [${'*b,'.repeat(60)}]\nhunter2secret: 1`,
    ];
    for (const text of broken) expect(() => read('a.yaml', text), text).toThrow(ConfigError);
    for (const text of broken) expect(() => read('a.yaml', text), text).not.toThrow(/hunter2|secret/);
  });

  it('refuses other kinds of files by their extension', () => {
    const message = 'unsupported config file type: a.toml. Supported file types are .json, .yml, .yaml';
    expect(() => read('a.toml', '')).toThrow(new ConfigError(message));
  });

  it('says why a file cannot be read', () => {
    const message =
      'error reading config file /nowhere/a.yaml: open /nowhere/a.yaml: no such file or directory ';
    expect(() => readConfigFile('/nowhere/a.yaml')).toThrow(new ConfigError(message));
  });
});
