import { refuseOtherEngine } from './engine-check.ts';
import { type OptionValues, optionRows } from './option-table.ts';
import { readConfigFile } from './read-config-file.ts';
import { checkServerOptions, type ServerOptions } from './server-options.ts';

/**
 * Joins the sources: flags go before the environment, that before the configuration file, that before the defaults.
 * The file is the one that a flag or else the environment names. Each source is read and checked as a whole, so a
 * mistake in one shows even where another overrides it. What is given for another engine than the one in use is refused.
 *
 * @throws ConfigError, ListenAddressError
 */
export function readOptions(flags: OptionValues, env: OptionValues): ServerOptions {
  const configFile = String(flags.get('config_file') ?? env.get('config_file') ?? '');
  const file: OptionValues = configFile === '' ? new Map() : readConfigFile(configFile);
  const given = optionRows.flatMap((row) => {
    const value = flags.get(row.name) ?? env.get(row.name) ?? file.get(row.name);
    return value === undefined ? [] : [{ ...row, value }];
  });
  refuseOtherEngine(new Map(given.map(({ name, value }) => [name, value])));
  return checkServerOptions(
    Object.fromEntries(given.flatMap(({ field, value }) => (field === undefined ? [] : [[field, value]]))),
  );
}
