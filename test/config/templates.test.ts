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

  it('names every option, those of ZooKeeper and with a default of the machine in comments', () => {
    for (const name of optionNames) {
      expect(formatEnvTemplate()).toMatch(new RegExp(`^(# )?LDLM_${name.toUpperCase()}=`, 'm'));
    }
    const given = Object.keys(readEnvFile(formatEnvTemplate()));
    expect(given).not.toContain('LDLM_SHARDS');
    expect(given.filter((name) => name.startsWith('LDLM_ZOOKEEPER_'))).toStrictEqual([]);
  });
});

describe('formatYamlTemplate', () => {
  it('is accepted again and gives the defaults', () => {
    const values = readConfigFile(writeScratchFile('template.yaml', formatYamlTemplate()));
    expect(readOptions(new Map(), values)).toStrictEqual(defaultServerOptions());
    // The three whose default depends on the machine are comments, and the nine of ZooKeeper.
    expect(values.size).toBe(optionNames.length - 12);
  });

  it('names every option, also where the comment signs are taken away', () => {
    const uncommented = formatYamlTemplate().replaceAll(/^# (?=[a-z_]+: )/gm, '');
    expect(Object.keys(parse(uncommented)).sort()).toStrictEqual([...optionNames].sort());
  });

  it('says of each option of one engine that it is one', () => {
    const template = formatYamlTemplate();
    expect(template).toMatch(/^# .*; only with engine embedded\nstate_file: ""$/m);
    expect(template).toMatch(/^# .*; only with engine zookeeper\n# zookeeper_connect: ""$/m);
    expect(template).toMatch(
      /^# .*; only with engine embedded \(default: available cores .*\)\n# shards: \d+$/m,
    );
  });
});
