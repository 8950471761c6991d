import { stringify } from 'yaml';
import { defaultTextOf, envNameOf, type OptionRow, optionRows } from './option-table.ts';

/** Every environment variable with its default, in a form that shells and container tools read. */
export function formatEnvTemplate(): string {
  return formatTemplate(
    optionRows.filter((row) => row.elsewhere !== 'nowhere' && row.name !== 'version'),
    (row, text) => `${envNameOf(row)}=${text}`,
  );
}

/** A YAML configuration file with every key at its default. */
export function formatYamlTemplate(): string {
  return formatTemplate(
    optionRows.filter((row) => row.elsewhere === undefined),
    (row, text) => `${row.name}: ${isPlain(row) ? text : stringify(text).trimEnd()}`,
  );
}

/** Numbers and booleans stand in YAML without quotes. */
function isPlain({ kind }: OptionRow): boolean {
  return kind.type === 'uint' || kind.type === 'bool';
}

/**
 * A default that depends on the machine is commented out, so that the file does not carry it to another one, and so are the options
 * of ZooKeeper, which are refused as long as the engine is another one.
 */
function formatTemplate(
  rows: readonly OptionRow[],
  formatLine: (row: OptionRow, text: string) => string,
): string {
  const entries = rows.map((row) => {
    const line = formatLine(row, defaultTextOf(row));
    const choices = row.kind.type === 'choice' ? `: ${row.kind.choices.join(', ')}` : '';
    const engine = row.engine === undefined ? '' : `; only with engine ${row.engine}`;
    const machine = row.defaultHelp === undefined ? '' : ` (default: ${row.defaultHelp})`;
    const isComment = row.defaultHelp !== undefined || row.engine === 'zookeeper';
    return `# ${row.help}${choices}${engine}${machine}\n${isComment ? '# ' : ''}${line}\n`;
  });
  return entries.join('\n');
}
