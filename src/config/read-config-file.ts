import { readFileSync } from 'node:fs';
import { basename, extname } from 'node:path';
import { ConfigError } from './config-error.ts';
import { parseConfigJson, parseConfigYaml } from './config-syntax.ts';
import { describeFileError } from './file-error.ts';
import {
  findOption,
  type OptionRow,
  type OptionValue,
  type OptionValues,
  optionRows,
} from './option-table.ts';
import { parseOptionValue } from './option-value.ts';
import { suggestName } from './suggestion.ts';

/**
 * Reads the options that a configuration file sets. Its keys are the names of the long flags; maps may be nested,
 * with their keys joined by an underscore (`listen: {address: ...}`). Values are taken as text and parsed like flags.
 *
 * @throws ConfigError with LDLM's texts.
 */
export function readConfigFile(path: string): OptionValues {
  const values = new Map<string, OptionValue>();
  collectValues(parseFile(path), '', values);
  return values;
}

function parseFile(path: string): unknown {
  switch (extname(path).toLowerCase()) {
    case '.json':
      return parseConfigJson(readText(path));
    case '.yaml':
    case '.yml':
      return parseConfigYaml(readText(path));
    default:
      throw new ConfigError(
        `unsupported config file type: ${basename(path)}. Supported file types are .json, .yml, .yaml`,
      );
  }
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    // The blank at the end is LDLM's.
    throw new ConfigError(`error reading config file ${path}: ${describeFileError(error, path)} `);
  }
}

function collectValues(node: unknown, prefix: string, values: Map<string, OptionValue>): void {
  if (typeof node !== 'object' || node === null || Array.isArray(node)) {
    throw new ConfigError('error parsing config file: the top level must be a map of options');
  }
  for (const [key, value] of Object.entries(node)) {
    const name = prefix + key;
    const row = findOption(name);
    if (row !== undefined && row.elsewhere === undefined) setOnce(row, value, values);
    else if (isMap(value) && startsSomeOption(name)) collectValues(value, `${name}_`, values);
    else throw unknownField(name);
  }
}

function isMap(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Also what ends the descent into a map that contains itself through a YAML alias. */
function startsSomeOption(prefix: string): boolean {
  return optionRows.some((row) => row.name.startsWith(`${prefix}_`));
}

function setOnce(row: OptionRow, value: unknown, values: Map<string, OptionValue>): void {
  if (values.has(row.name)) throw new ConfigError(`configuration file field is set twice: ${row.name}`);
  if (typeof value === 'object' && value !== null) {
    const shape = Array.isArray(value) ? 'a list' : 'a map';
    throw new ConfigError(explainSyntax(row, '', `${shape} is no value`));
  }
  values.set(row.name, parseOptionValue(row, value === null ? '' : String(value), explainSyntax));
}

function explainSyntax(row: OptionRow, _text: string, reason: string): string {
  return `unable to set value for ${row.name}: ${reason}`;
}

function unknownField(name: string): ConfigError {
  const known = optionRows.filter((row) => row.elsewhere === undefined).map((row) => row.name);
  // Behind a colon without a blank, as in `password:secret`, the rest of a line is part of its key.
  const [shown = ''] = name.split(/[^\w-]/, 1);
  const meant = suggestName(shown, known);
  return new ConfigError(
    `unknown configuration file field: ${shown}${shown === name ? '' : '...'}${meant === null ? '' : ` (did you mean ${meant}?)`}`,
  );
}
