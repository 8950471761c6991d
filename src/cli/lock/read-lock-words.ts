import { emptyFlagOf } from '../../config/read-flags.ts';
import { suggestName } from '../../config/suggestion.ts';
import { UsageError } from '../../config/usage-error.ts';
import {
  allFlags,
  type CommandName,
  connectionFlags,
  type FlagName,
  type LockCommand,
  lockCommands,
  programFlags,
} from './lock-options.ts';

/** A command line that was understood. */
export interface LockWords {
  /** Null only where `help` or `version` is asked for. */
  readonly command: CommandName | null;
  /** What stands behind the command: as many words as it wants at the least. */
  readonly words: readonly string[];
  readonly flags: ReadonlyMap<FlagName, string | boolean>;
}

const isFlagName = (name: string): name is FlagName => Object.hasOwn(allFlags, name);

/**
 * Reads the words of a command line by the rules of Kong, which LDLM uses, with its texts: `--name value`,
 * `--name=value`, `-s value`, `-svalue`; flags stand anywhere; `--` ends them; the last of several counts. Names may be
 * written with hyphens.
 *
 * yargs, which lays out the help, reads words in another way, and takes longer to load than all of this takes to run.
 *
 * @param argv the words after the program's name
 * @throws UsageError
 */
export function readLockWords(argv: readonly string[]): LockWords {
  return new WordReader(argv).read();
}

class WordReader {
  readonly #argv: readonly string[];
  readonly #flags = new Map<FlagName, string | boolean>();
  readonly #words: string[] = [];
  #command: CommandName | null = null;
  #next = 0;
  /** The flag of the word before, if nothing stood behind its `=`. */
  #emptyFlag: string | null = null;

  constructor(argv: readonly string[]) {
    this.#argv = argv;
  }

  read(): LockWords {
    let flagsEnded = false;
    for (let word = this.#take(); word !== undefined; word = this.#take()) {
      const emptyFlag = this.#emptyFlag;
      this.#emptyFlag = null;
      if (flagsEnded || !word.startsWith('-') || word === '-') {
        this.#readWord(word, emptyFlag);
        continue;
      }
      this.#emptyFlag = emptyFlagOf(word);
      if (word === '--') flagsEnded = true;
      else if (word.startsWith('--')) this.#readLong(word.slice(2));
      else this.#readShorts(word.slice(1));
    }
    if (!this.#flags.has('help') && !this.#flags.has('version')) this.#checkWhole();
    return { command: this.#command, words: this.#words, flags: this.#flags };
  }

  #take(): string | undefined {
    return this.#argv[this.#next++];
  }

  #readWord(word: string, emptyFlag: string | null): void {
    if (this.#command === null) {
      if (!Object.hasOwn(lockCommands, word)) throw unexpected(word, emptyFlag);
      this.#command = word as CommandName;
    } else if (this.#words.length < lockCommands[this.#command].words.length) {
      this.#words.push(word);
    } else {
      throw unexpected(word, emptyFlag, []);
    }
  }

  #readLong(flag: string): void {
    const equals = flag.indexOf('=');
    const written = equals < 0 ? flag : flag.slice(0, equals);
    const name = written.replaceAll('-', '_');
    if (!isFlagName(name) || !this.#isTaken(name)) throw this.#unknownFlag(written, name);
    this.#set(name, equals < 0 ? null : flag.slice(equals + 1));
  }

  /** One-letter flags in one word: each that takes no value stands for itself, the first other one takes the rest. */
  #readShorts(letters: string): void {
    for (let at = 0; at < letters.length; at++) {
      const letter = letters.charAt(at);
      const name = Object.keys(allFlags)
        .filter(isFlagName)
        .find((candidate) => allFlags[candidate].short === letter);
      if (name === undefined) throw new UsageError(`unknown flag -${letter}`);
      if (allFlags[name].value === undefined) {
        this.#set(name, null);
      } else {
        const rest = letters.slice(at + 1);
        return this.#set(name, rest === '' ? null : rest.replace(/^=/, ''));
      }
    }
  }

  /** `value` is what stands in the same word; null when nothing does. */
  #set(name: FlagName, value: string | null): void {
    if (allFlags[name].value === undefined) {
      this.#flags.set(name, value === null || readBool(name, value));
      return;
    }
    const given = value ?? this.#take();
    if (given === undefined) throw new UsageError(`--${name}: missing value`);
    this.#flags.set(name, given);
  }

  /** A flag that another command takes is unknown to this one. Before the command nobody can tell. */
  #isTaken(name: FlagName): boolean {
    return this.#command === null || takesFlag(this.#command, name);
  }

  #unknownFlag(written: string, name: string): UsageError {
    const taken = Object.keys(allFlags).filter((flag) => isFlagName(flag) && this.#isTaken(flag));
    const meant = suggestName(name, taken);
    return new UsageError(`unknown flag --${written}${meant === null ? '' : `, did you mean "--${meant}"?`}`);
  }

  #checkWhole(): void {
    if (this.#command === null) {
      const names = [...Object.keys(lockCommands), 'run'].map((name) => JSON.stringify(name));
      throw new UsageError(`expected one of ${names.join(', ')}`);
    }
    const command = this.#command;
    const needed = lockCommands[command].words.filter((word) => word.startsWith('<'));
    const missing = needed[this.#words.length];
    if (missing !== undefined) throw new UsageError(`expected "${missing}"`);
    for (const name of this.#flags.keys()) {
      if (!takesFlag(command, name)) throw new UsageError(`unknown flag --${name}`);
    }
  }
}

function takesFlag(command: CommandName, name: FlagName): boolean {
  if (Object.hasOwn(connectionFlags, name) || Object.hasOwn(programFlags, name)) return true;
  const { flags }: LockCommand = lockCommands[command];
  return (flags as readonly string[]).includes(name);
}

/** Behind a flag with nothing behind its `=`, the word may be the password, and is not repeated. */
function unexpected(
  word: string,
  emptyFlag: string | null,
  candidates: readonly string[] = [...Object.keys(lockCommands), 'run'],
): UsageError {
  if (emptyFlag !== null) {
    return new UsageError(
      `unexpected argument behind ${emptyFlag}=: a value follows the equals sign without a blank`,
    );
  }
  const meant = suggestName(word, candidates);
  return new UsageError(`unexpected argument ${word}${meant === null ? '' : `, did you mean "${meant}"?`}`);
}

function readBool(name: string, value: string): boolean {
  if (['true', '1', 'yes'].includes(value)) return true;
  if (['false', '0', 'no'].includes(value)) return false;
  throw new UsageError(
    `--${name}: bool value must be true, 1, yes, false, 0 or no but got ${JSON.stringify(value)}`,
  );
}
