import { describe, expect, it } from 'vitest';
import { readLockWords } from '../../../src/cli/lock/read-lock-words.ts';
import { UsageError } from '../../../src/config/usage-error.ts';

const read = (...argv: string[]) => {
  const { command, words, flags } = readLockWords(argv);
  return [command, words, Object.fromEntries(flags)];
};

describe('readLockWords', () => {
  it.each<[string[], string | null, string[], object]>([
    [['list'], 'list', [], {}],
    [['list', 'job/'], 'list', ['job/'], {}],
    [['unlock', 'a b'], 'unlock', ['a b'], {}],
    [['unlock', '007', 'key'], 'unlock', ['007', 'key'], {}],
    [['unlock', ''], 'unlock', [''], {}],
    [['unlock', '--all', 'a'], 'unlock', ['a'], { all: true }],
    [['unlock', 'a', '--all=false'], 'unlock', ['a'], { all: false }],
    [['--json', 'info'], 'info', [], { json: true }],
    [['list', '-s', '/a/b'], 'list', [], { socket: '/a/b' }],
    [['list', '-s/a/b'], 'list', [], { socket: '/a/b' }],
    [['list', '-s=/a/b'], 'list', [], { socket: '/a/b' }],
    [['-s', '/a/b', 'list'], 'list', [], { socket: '/a/b' }],
    [['--socket=/a=b', 'list'], 'list', [], { socket: '/a=b' }],
    [['--socket', '/a', '--socket', '/b', 'list'], 'list', [], { socket: '/b' }],
    [['list', '--server-name', 'x', '--skip_verify'], 'list', [], { server_name: 'x', skip_verify: true }],
    [['unlock', '--', '--odd-name'], 'unlock', ['--odd-name'], {}],
    [['unlock', '-'], 'unlock', ['-'], {}],
    [['list', '--password', '-x'], 'list', [], { password: '-x' }],
    [['--help'], null, [], { help: true }],
    [['unlock', '-h'], 'unlock', [], { help: true }],
    [['--version'], null, [], { version: true }],
  ])('reads %j', (argv, command, words, flags) => {
    expect(read(...argv)).toEqual([command, words, flags]);
  });

  it.each([
    [[], 'expected one of "unlock", "list", "watch", "info", "run"'],
    [['--json'], 'expected one of "unlock", "list", "watch", "info", "run"'],
    [['foo'], 'unexpected argument foo'],
    [['lst'], 'unexpected argument lst, did you mean "list"?'],
    [['toString'], 'unexpected argument toString'],
    [['unlock'], 'expected "<lock-name>"'],
    [['list', 'a', 'b'], 'unexpected argument b'],
    [['unlock', 'a', 'b', 'c'], 'unexpected argument c'],
    [['info', 'a'], 'unexpected argument a'],
    [
      ['--password=', 'secret', 'list'],
      'unexpected argument behind --password=: a value follows the equals sign without a blank',
    ],
    [
      ['list', 'a', '--password=', 'secret'],
      'unexpected argument behind --password=: a value follows the equals sign without a blank',
    ],
    [['list', 'a', '--password=', '--json', 'b'], 'unexpected argument b'],
    [['list', '--zz'], 'unknown flag --zz'],
    [['list', '--constructor'], 'unknown flag --constructor'],
    [['list', '-z'], 'unknown flag -z'],
    [['list', '--waiter'], 'unknown flag --waiter, did you mean "--waiters"?'],
    [['list', '--all'], 'unknown flag --all'],
    [['unlock', 'a', '--json'], 'unknown flag --json'],
    [['--waiters', 'watch'], 'unknown flag --waiters'],
    [['list', '--socket'], '--socket: missing value'],
    [['list', '-s'], '--socket: missing value'],
    [['list', '--json=maybe'], '--json: bool value must be true, 1, yes, false, 0 or no but got "maybe"'],
  ])('refuses %j', (argv, message) => {
    expect(() => readLockWords(argv)).toThrow(new UsageError(message));
  });
});
