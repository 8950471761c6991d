import yargs, { type Argv } from 'yargs';
import { commandFlags, connectionFlags, type LockFlag, lockCommands, programFlags } from './lock-options.ts';

/** The text of `--help`. */
export async function formatLockHelp(columns: number): Promise<string> {
  const text = await describe(columns - 1).getHelp();
  // Where a description ends exactly at its column's edge, yargs leaves no blank before the type.
  return text.replaceAll(/(?<=\S)\[(boolean|string)\]/g, ' [$1]');
}

/** The script by which the shell in use (bash or zsh, from `SHELL`) completes the program's words. */
export async function formatLockCompletionScript(): Promise<string> {
  let script = '';
  await describe(80).parse(['completion'], {}, (_error, _argv, output) => {
    script = output;
  });
  return script;
}

/** The words that may follow, in the form in which the completion script wants them. */
export function completeLockWords(words: readonly string[]): Promise<readonly string[]> {
  return new Promise((resolve, reject) => {
    describe(80).getCompletion([...words], (error, completions) => {
      if (error) reject(error);
      else resolve(completions ?? []);
    });
  });
}

/** Commands and flags in the terms of yargs, which lays out help and completes words. It does not read them. */
function describe(columns: number): Argv {
  const parser = yargs([])
    .scriptName('ldlm-lock')
    .locale('en')
    .usage('Usage: $0 <command> [flags]\n\nLooks after the locks of an ldlm server on this machine.')
    .version(false)
    .completion('completion', false)
    .wrap(columns)
    .exitProcess(false)
    .epilogue(EPILOGUE);
  for (const [name, { help, words }] of Object.entries(lockCommands)) {
    parser.command([name, ...words].join(' '), help);
  }
  parser.command('run', 'Run a command while holding a lock; see run --help');
  addFlags(parser, 'Flags of commands:', commandFlags);
  addFlags(parser, 'Server:', connectionFlags);
  return parser.help('help', programFlags.help.help).alias('help', 'h').option('version', {
    describe: programFlags.version.help,
    boolean: true,
  });
}

function addFlags(parser: Argv, group: string, flags: Readonly<Record<string, LockFlag>>): void {
  for (const [name, { short, value, help }] of Object.entries(flags)) {
    parser.option(name, {
      group,
      describe: help,
      ...(short !== undefined && { alias: short }),
      ...(value === undefined ? { boolean: true } : { string: true, requiresArg: true }),
    });
  }
}

const EPILOGUE =
  '--json goes with list, watch and info, --waiters with list, --all with unlock. A key may be cut to its first 8 ' +
  'characters or more. `$0 completion` prints a script for your shell.\n\nExit codes: 0, 80 for a command line that ' +
  'cannot be used, 130 when interrupted, 1 for everything else.';
