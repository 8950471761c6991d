import { type OptionValues, optionRows } from './option-table.ts';
import { readConfigFile } from './read-config-file.ts';
import { checkServerOptions, type ServerOptions } from './server-options.ts';

/**
 * Joins the sources: flags go before the environment, that before the configuration file, that before the defaults.
 * The file is the one that a flag or else the environment names. Each source is read and checked as a whole, so a
 * mistake in one shows even where another overrides it.
 *
 * @throws ConfigError, ListenAddressError
 */
export function readOptions(flags: OptionValues, env: OptionValues): ServerOptions {
  const configFile = String(flags.get('config_file') ?? env.get('config_file') ?? '');
  const file: OptionValues = configFile === '' ? new Map() : readConfigFile(configFile);
  const fields = optionRows.flatMap(({ name, field }) => {
    const value = flags.get(name) ?? env.get(name) ?? file.get(name);
    return field === undefined || value === undefined ? [] : [[field, value] as const];
  });
  return checkServerOptions(Object.fromEntries(fields));
}
