import { ConfigError } from './config-error.ts';
import {
  findOption,
  type OptionRow,
  type OptionValue,
  type OptionValues,
  optionRows,
} from './option-table.ts';
import { checkOptionValue, parseOptionText } from './option-value.ts';
import { suggestName } from './suggestion.ts';
import { UsageError } from './usage-error.ts';

/**
 * Reads the flags of a command line by the rules of Go's pflag, which LDLM uses: `--name value`, `--name=value`,
 * `-k value`, `-k5s`, `-ng 5m`; a flag that takes a value takes the next word whatever it looks like; a boolean one
 * takes a value only after `=`; the last of several counts; `--` ends the flags. Names may be written with hyphens.
 *
 * The rules are not left to yargs because it reads `-n=1` as false and does not know `-k5s`.
 *
 * @param argv the words after the program's name.
 * @throws UsageError with pflag's text; also for a word that is no flag.
 */
export function readFlags(argv: readonly string[]): OptionValues {
  return new FlagReader(argv).read();
}

class FlagReader {
  readonly #argv: readonly string[];
  readonly #values = new Map<string, OptionValue>();
  #next = 0;
  /** The flag of the word before, if that word ended in its `=`. */
  #emptyFlag: string | null = null;

  constructor(argv: readonly string[]) {
    this.#argv = argv;
  }

  /** Stops at `--help`: whatever else is wrong with the line, that answers it. */
  read(): OptionValues {
    let flagsEnded = false;
    for (let word = this.#take(); word !== undefined; word = this.#take()) {
      if (flagsEnded || !word.startsWith('-') || word === '-') {
        throw unexpectedArgument(word, this.#emptyFlag);
      }
      this.#emptyFlag = emptyFlagOf(word);
      if (word === '--') flagsEnded = true;
      else if (word.startsWith('--')) this.#readLong(word.slice(2));
      else this.#readShorts(word.slice(1));
      if (this.#values.get('help') === true) break;
    }
    return this.#values;
  }

  #take(): string | undefined {
    return this.#argv[this.#next++];
  }

  #readLong(flag: string): void {
    const equals = flag.indexOf('=');
    const written = equals < 0 ? flag : flag.slice(0, equals);
    if (written === '' || written.startsWith('-'))
      throw new UsageError(`bad flag syntax: --${withoutValue(flag)}`);
    const name = written.replaceAll('-', '_');
    const row = findOption(name);
    if (row === undefined) throw unknownFlag(written, name);
    if (equals >= 0) this.#set(row, flag.slice(equals + 1));
    else if (row.kind.type === 'bool') this.#set(row, 'true');
    else this.#set(row, this.#takeValue(`--${written}`));
  }

  /** One-letter flags in one word: each boolean one stands for itself, the first other one takes the rest. */
  #readShorts(letters: string): void {
    for (let at = 0; at < letters.length; at++) {
      const letter = letters.charAt(at);
      const cluster = `-${letters.slice(at)}`;
      const row = optionRows.find(({ short }) => short === letter);
      if (row === undefined) {
        throw new UsageError(`unknown shorthand flag: '${letter}' in ${withoutValue(cluster)}`);
      }
      const rest = letters.slice(at + 1);
      if (rest.startsWith('=')) return this.#set(row, rest.slice(1));
      if (row.kind.type !== 'bool') {
        return this.#set(row, rest === '' ? this.#takeValue(`'${letter}' in ${cluster}`) : rest);
      }
      this.#set(row, 'true');
      if (row.name === 'help') return;
    }
  }

  #takeValue(flag: string): string {
    const value = this.#take();
    if (value === undefined) throw new UsageError(`flag needs an argument: ${flag}`);
    return value;
  }

  /** A value out of range is told as it is in the other sources; only its exit code is that of a bad command line. */
  #set(row: OptionRow, text: string): void {
    const value = asUsage('', () => parseOptionText(row, text, explainSyntax));
    asUsage('error parsing configuration: ', () => checkOptionValue(row, value, text));
    this.#values.set(row.name, value);
  }
}

/** What stands behind a name and `=` in a flag that is none, such as `-password=...`, may be the password. */
function withoutValue(flag: string): string {
  return flag.replace(/^(.*?\w=).*$/s, '$1...');
}

function asUsage<Result>(prefix: string, check: () => Result): Result {
  try {
    return check();
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    throw new UsageError(prefix + error.message, { cause: error });
  }
}

function explainSyntax(row: OptionRow, text: string, reason: string): string {
  const flag = row.short === undefined ? `--${row.name}` : `-${row.short}, --${row.name}`;
  return `invalid argument ${JSON.stringify(text)} for "${flag}" flag: ${reason}`;
}

/** The flag, if a word is one with nothing behind its `=`: a blank there makes the value a word of its own. */
export function emptyFlagOf(word: string): string | null {
  return word.indexOf('=') === word.length - 1 ? word.slice(0, -1) : null;
}

/** The word behind such a flag is not repeated, because it may be the password. */
function unexpectedArgument(word: string, emptyFlag: string | null): UsageError {
  if (emptyFlag === null) return new UsageError(`unexpected argument: ${word}`);
  return new UsageError(
    `unexpected argument behind ${emptyFlag}=: a value follows the equals sign without a blank`,
  );
}

function unknownFlag(written: string, name: string): UsageError {
  const visible = optionRows.filter((row) => row.hidden !== true).map((row) => row.name);
  const meant = suggestName(name, visible);
  return new UsageError(`unknown flag: --${written}${meant === null ? '' : ` (did you mean --${meant}?)`}`);
}
