import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { optionRows } from '../../src/config/option-table.ts';
import { readConfigFile } from '../../src/config/read-config-file.ts';
import { type Environment, readEnv } from '../../src/config/read-env.ts';
import { readOptions } from '../../src/config/read-options.ts';
import { defaultServerOptions } from '../../src/config/server-options.ts';
import { formatEnvTemplate, formatYamlTemplate } from '../../src/config/templates.ts';
import { writeScratchFile } from './scratch-file.ts';

/** Reads the file as a container tool does: a line is a comment, empty, or NAME=VALUE. */
function readEnvFile(text: string): Environment {
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return Object.fromEntries(
    lines.map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
  );
}

const optionNames = optionRows.filter((row) => row.field !== undefined).map((row) => row.name);

describe('formatEnvTemplate', () => {
  it('is accepted again and gives the defaults', () => {
    const env = readEnvFile(formatEnvTemplate());
    expect(readOptions(new Map(), readEnv(env))).toStrictEqual(defaultServerOptions());
  });

  it('names every option, those with a default of the machine in comments', () => {
    for (const name of optionNames) {
      expect(formatEnvTemplate()).toMatch(new RegExp(`^(# )?LDLM_${name.toUpperCase()}=`, 'm'));
    }
    expect(Object.keys(readEnvFile(formatEnvTemplate()))).not.toContain('LDLM_SHARDS');
  });
});

describe('formatYamlTemplate', () => {
  it('is accepted again and gives the defaults', () => {
    const values = readConfigFile(writeScratchFile('template.yaml', formatYamlTemplate()));
    expect(readOptions(new Map(), values)).toStrictEqual(defaultServerOptions());
    // The three whose default depends on the machine are comments.
    expect(values.size).toBe(optionNames.length - 3);
  });

  it('names every option, also where the comment signs are taken away', () => {
    const uncommented = formatYamlTemplate().replaceAll(/^# (?=[a-z_]+: )/gm, '');
    expect(Object.keys(parse(uncommented)).sort()).toStrictEqual([...optionNames].sort());
  });
});
