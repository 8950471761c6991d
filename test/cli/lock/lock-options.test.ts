import { describe, expect, it } from 'vitest';
import {
  allFlags,
  type CommandName,
  commandFlags,
  connectionFlags,
  type FlagName,
  type LockCommand,
  type LockFlag,
  lockCommands,
  programFlags,
} from '../../../src/cli/lock/lock-options.ts';
import { readLockWords } from '../../../src/cli/lock/read-lock-words.ts';
import { optionRows } from '../../../src/config/option-table.ts';

const flags = Object.entries(allFlags) as [FlagName, LockFlag][];
const commands = Object.entries(lockCommands) as [CommandName, LockCommand][];

describe('the flags of ldlm-lock', () => {
  it('are all there, each by its own name and its own letter', () => {
    const groups = [connectionFlags, commandFlags, programFlags];
    const names = groups.flatMap((group) => Object.keys(group));
    expect(Object.keys(allFlags)).toEqual(names);
    expect(new Set(names).size).toBe(names.length);
    const letters = flags.flatMap(([, { short }]) => (short === undefined ? [] : [short]));
    expect(new Set(letters).size).toBe(letters.length);
    for (const letter of letters) expect(letter).toMatch(/^[a-z]$/);
  });

  it('have names that can be written with hyphens as well, and a help that is no sentence', () => {
    for (const [name, { help, value }] of flags) {
      expect(name).toMatch(/^[a-z]+(_[a-z]+)*$/);
      expect(help).toMatch(/^[A-Z].*[^.]$/);
      if (value !== undefined) expect(value).toMatch(/^[a-z:]+$/);
    }
  });

  it('take a value but for those that are given or not', () => {
    const without = flags.flatMap(([name, { value }]) => (value === undefined ? [name] : []));
    expect(without).toEqual(['tls', 'skip_verify', 'json', 'waiters', 'all', 'help', 'version']);
  });

  it('name variables that the server reads too', () => {
    const variables = flags.flatMap(([, { help }]) => help.match(/\[(LDLM_\w+)\]/)?.[1] ?? []);
    const known = optionRows.map(({ name }) => `LDLM_${name.toUpperCase()}`);
    expect(variables).toEqual(['LDLM_IPC_SOCKET_FILE', 'LDLM_PASSWORD']);
    expect(known).toEqual(expect.arrayContaining(variables));
  });

  it('say that a secret in the command line can be seen', () => {
    expect(allFlags.password.help).toContain('others can see it');
  });
});

describe('the commands of ldlm-lock', () => {
  it('name what they need before what may be left out', () => {
    for (const [, { words }] of commands) {
      for (const word of words) expect(word).toMatch(/^(<[a-z-]+>|\[[a-z-]+\])$/);
      expect(words).toEqual([...words].sort((a, b) => Number(a.startsWith('[')) - Number(b.startsWith('['))));
    }
  });

  it('take every flag that is of single commands, and none twice', () => {
    const taken = commands.flatMap(([, command]) => command.flags);
    expect(new Set(taken)).toEqual(new Set(Object.keys(commandFlags)));
    for (const [, command] of commands) expect(new Set(command.flags).size).toBe(command.flags.length);
  });

  it.each(commands)('are read with their own flags and no others: %s', (name, { words, flags: own }) => {
    const needed = words.filter((word) => word.startsWith('<')).map(() => 'word');
    for (const [flag, { value }] of flags) {
      const argv = [name, ...needed, `--${flag}`, ...(value === undefined ? [] : ['value'])];
      const isTaken = !(flag in commandFlags) || (own as readonly string[]).includes(flag);
      if (isTaken) expect(readLockWords(argv).flags.get(flag)).toBe(value === undefined ? true : 'value');
      else expect(() => readLockWords(argv)).toThrow(`unknown flag --${flag}`);
    }
  });

  it.each([
    ['unlock', 1, 2, ['all']],
    ['list', 0, 1, ['json', 'waiters']],
    ['watch', 0, 1, ['json']],
    ['info', 0, 0, ['json']],
  ] as const)('are what the manual says: %s takes %i to %i words', (name, least, most, own) => {
    const { words, flags: taken }: LockCommand = lockCommands[name];
    expect(words.filter((word) => word.startsWith('<'))).toHaveLength(least);
    expect(words).toHaveLength(most);
    expect(taken).toEqual(own);
  });
});
