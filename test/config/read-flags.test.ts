import { describe, expect, it } from 'vitest';
import { readFlags } from '../../src/config/read-flags.ts';
import { UsageError } from '../../src/config/usage-error.ts';

const read = (line: string) => Object.fromEntries(readFlags(line === '' ? [] : line.split(' ')));

describe('readFlags', () => {
  it.each<[string, Record<string, unknown>]>([
    ['', {}],
    ['--shards 4', { shards: 4 }],
    ['--shards=4', { shards: 4 }],
    ['--listen-address :0', { listen_address: ':0' }],
    ['--no-clear-on-disconnect', { no_clear_on_disconnect: true }],
    ['-n', { no_clear_on_disconnect: true }],
    ['-n=false', { no_clear_on_disconnect: false }],
    ['-n=1', { no_clear_on_disconnect: true }],
    ['--no_clear_on_disconnect=true', { no_clear_on_disconnect: true }],
    ['-k 5s', { keepalive_interval: 5_000 }],
    ['-k5s', { keepalive_interval: 5_000 }],
    ['-k=5s', { keepalive_interval: 5_000 }],
    ['-nk5s', { no_clear_on_disconnect: true, keepalive_interval: 5_000 }],
    ['-ng 5m -m1s', { no_clear_on_disconnect: true, lock_gc_interval: 300_000, lock_gc_min_idle: 1_000 }],
    ['-k -1s', { keepalive_interval: -1_000 }],
    ['--password --shards', { password: '--shards' }],
    ['--password=a=b', { password: 'a=b' }],
    ['--password=', { password: '' }],
    ['--shards 2 --shards 3', { shards: 3 }],
    ['--', {}],
    ['-n --', { no_clear_on_disconnect: true }],
    ['--help --nope', { help: true }],
    ['-h --nope', { help: true }],
    ['-help', { help: true }],
    ['-nh', { no_clear_on_disconnect: true, help: true }],
    ['--version', { version: true }],
  ])('reads %j', (line, values) => {
    expect(read(line)).toStrictEqual(values);
  });

  it.each([
    ['--nope', 'unknown flag: --nope'],
    ['--nope=5', 'unknown flag: --nope'],
    ['--nope --help', 'unknown flag: --nope'],
    ['--listen_adress :0', 'unknown flag: --listen_adress (did you mean --listen_address?)'],
    ['--listen-adress :0', 'unknown flag: --listen-adress (did you mean --listen_address?)'],
    ['-r', "flag needs an argument: 'r' in -r"],
    ['-Z', "unknown shorthand flag: 'Z' in -Z"],
    ['-nZx', "unknown shorthand flag: 'Z' in -Zx"],
    ['-=5', "unknown shorthand flag: '=' in -=5"],
    ['---shards', 'bad flag syntax: ---shards'],
    ['--=5', 'bad flag syntax: --=5'],
    ['--shards', 'flag needs an argument: --shards'],
    ['-nk', "flag needs an argument: 'k' in -k"],
    ['-k 5', 'invalid argument "5" for "-k, --keepalive_interval" flag: time: missing unit in duration "5"'],
    [
      '--shards abc',
      'invalid argument "abc" for "--shards" flag: strconv.ParseUint: parsing "abc": invalid syntax',
    ],
    ['--shards 0', 'error parsing configuration: shards must be a whole number between 1 and 64, got 0'],
    ['-v INFO', 'error parsing configuration: log_level must be one of debug, info, warn, error'],
    ['-n false', 'unexpected argument: false'],
    ['serve', 'unexpected argument: serve'],
    ['-', 'unexpected argument: -'],
    [
      '--password= secret',
      'unexpected argument behind --password=: a value follows the equals sign without a blank',
    ],
    ['-k= 5s', 'invalid argument "" for "-k, --keepalive_interval" flag: time: invalid duration ""'],
    ['--password= -n serve', 'unexpected argument: serve'],
    ['--password=secret= serve', 'unexpected argument: serve'],
    ['-password=secret', "unknown shorthand flag: 'p' in -password=..."],
    ['---password=secret', 'bad flag syntax: ---password=...'],
    ['-- --shards', 'unexpected argument: --shards'],
  ])('refuses %j', (line, message) => {
    expect(() => read(line)).toThrow(new UsageError(message));
  });
});
