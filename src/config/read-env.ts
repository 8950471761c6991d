import { ConfigError } from './config-error.ts';
import { envNameOf, findOption, type OptionRow, type OptionValues, optionRows } from './option-table.ts';
import { parseOptionValue } from './option-value.ts';

/** Variables by name, as `process.env` has them. */
export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Options of LDLM that change what the server does or keeps. While the table has no row for one, its variable is
 * refused instead of being passed over in silence, as other variables are: Kubernetes sets `LDLM_PORT` on its own.
 */
const ldlmOptionNames = ['ipc_socket_file', 'rest_listen_address', 'rest_session_timeout'];

/**
 * Reads the options that environment variables set. An empty variable counts as unset.
 *
 * @throws ConfigError
 */
export function readEnv(env: Environment): OptionValues {
  for (const name of ldlmOptionNames) {
    const variable = `LDLM_${name.toUpperCase()}`;
    if (findOption(name) === undefined && isSet(env[variable])) {
      throw new ConfigError(`${variable} is set, but this server has no option ${name}`);
    }
  }
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
