import { envNameOf, type OptionRow, type OptionValues, optionRows } from './option-table.ts';
import { parseOptionValue } from './option-value.ts';

/** Variables by name, as `process.env` has them. */
export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Reads the options that environment variables set. An empty variable counts as unset.
 *
 * Other variables are passed over: Kubernetes sets `LDLM_PORT` on its own.
 *
 * @throws ConfigError
 */
export function readEnv(env: Environment): OptionValues {
  return new Map(
    optionRows.flatMap((row) => {
      const text = row.elsewhere === 'nowhere' ? undefined : env[envNameOf(row)];
      return isSet(text) ? [[row.name, parseOptionValue(row, text, explainSyntax)] as const] : [];
    }),
  );
}

function isSet(text: string | undefined): text is string {
  return text !== undefined && text !== '';
}

/** LDLM's text, which names options like the fields of its Go struct: `LockGcInterval`. */
function explainSyntax(row: OptionRow, _text: string, reason: string): string {
  const field = row.name.replace(/(?:^|_)([a-z])/g, (_match, letter: string) => letter.toUpperCase());
  return `setFromEnv(): error setting value of field ${field}: ${reason}`;
}
