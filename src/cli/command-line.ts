import yargs, { type Options } from 'yargs';
import { envNameOf, findOption, type OptionRow, optionRows } from '../config/option-table.ts';

/** What a shell's completion script calls the program with, followed by the words typed so far. */
export const completionRequestFlag = '--get-yargs-completions';

/** The text of `--help`: the options in their groups with descriptions, variables and defaults. */
export async function formatHelp(columns: number): Promise<string> {
  const text = await describeOptions(columns - 1).getHelp();
  // Where a description ends exactly at its column's edge, yargs leaves no blank before the default.
  return text.replaceAll('][', '] [');
}

/** The script by which the shell in use (bash or zsh, from `SHELL`) completes the program's flags. */
export async function formatCompletionScript(): Promise<string> {
  let script = '';
  await describeOptions(80).parse(['completion'], {}, (_error, _argv, output) => {
    script = output;
  });
  return script;
}

/** The words that may follow, in the form in which the completion script wants them. */
export function completeWords(words: readonly string[]): Promise<readonly string[]> {
  return new Promise((resolve, reject) => {
    describeOptions(80).getCompletion([...words], (error, completions) => {
      if (error) reject(error);
      else resolve(completions ?? []);
    });
  });
}

/** The option table in the terms of yargs, which lays out help and completes flags. It does not read the flags. */
function describeOptions(columns: number) {
  const parser = yargs([])
    .scriptName('ldlm-server')
    .locale('en')
    .usage(
      'Usage: $0 [options]\n\nOptions are also read from the variables in brackets and from a configuration ' +
        'file, whose keys are the long names. Flags go first, then variables, then the file.',
    )
    .version(false)
    .completion('completion', false)
    .epilogue(
      'Durations are numbers with units: 300ms, 1h30m. `$0 completion` prints a script for your shell.',
    )
    .wrap(columns)
    .exitProcess(false);
  for (const row of optionRows) parser.option(row.name, describeOption(row));
  // Naming the help flag drops the letter that its row gave it.
  return parser.help('help', findOption('help')?.help ?? '').alias('help', 'h');
}

function describeOption(row: OptionRow): Options {
  const defaultText = row.defaultHelp ?? (typeof row.default === 'string' ? row.default : '');
  // What only ZooKeeper has stands in a group of that name.
  const help = row.engine === 'embedded' ? `${row.help}; only with engine embedded` : row.help;
  return {
    group: `${row.group}:`,
    describe: row.elsewhere === 'nowhere' ? help : `${help} [${envNameOf(row)}]`,
    hidden: row.hidden ?? false,
    ...(row.short !== undefined && { alias: row.short }),
    ...(row.kind.type === 'choice' && { choices: row.kind.choices }),
    ...(row.kind.type === 'bool' && { boolean: true }),
    ...(row.kind.type !== 'bool' && row.default !== '' && { defaultDescription: defaultText }),
  };
}
