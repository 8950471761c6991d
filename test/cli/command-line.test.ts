import { afterEach, describe, expect, it, vi } from 'vitest';
import { completeWords, formatCompletionScript, formatHelp } from '../../src/cli/command-line.ts';
import { envNameOf, optionRows } from '../../src/config/option-table.ts';

describe('formatHelp', () => {
  it.each([60, 80, 101, 120])('fits %d columns', async (columns) => {
    for (const line of (await formatHelp(columns)).split('\n')) {
      expect(line.length).toBeLessThanOrEqual(columns);
      expect(line).not.toMatch(/\S\[/);
    }
  });

  it('shows every option with its description, letter, variable and default', async () => {
    const help = (await formatHelp(80)).replaceAll(/\s+/g, ' ');
    for (const row of optionRows) {
      expect(help.includes(` --${row.name} `), row.name).toBe(row.hidden !== true);
      if (row.hidden === true) continue;
      expect(help).toContain(row.help);
      if (row.short !== undefined) expect(help).toContain(` -${row.short}, --${row.name} `);
      if (row.elsewhere !== 'nowhere') expect(help).toContain(`[${envNameOf(row)}]`);
      const isOnlyEmbedded = help.includes(`${row.help}; only with engine embedded`);
      expect(isOnlyEmbedded, row.name).toBe(row.engine === 'embedded');
    }
    expect(help).toContain('[default: localhost:3144]');
    expect(help).toContain('[default: available cores but one, 1 to 16]');
    expect(help).toContain('[choices: "debug", "info", "warn", "error"] [default: info]');
  });
});

describe('completion', () => {
  afterEach(() => void vi.unstubAllEnvs());

  it('has a script for the shell in use', async () => {
    vi.stubEnv('SHELL', '/bin/bash');
    vi.stubEnv('ZSH_NAME', '');
    expect(await formatCompletionScript()).toContain('complete -o bashdefault -o default -F _ldlm-server');
    vi.stubEnv('SHELL', '/bin/zsh');
    expect(await formatCompletionScript()).toContain('#compdef ldlm-server');
  });

  it('offers flags and the choices of a flag', async () => {
    vi.stubEnv('SHELL', '/bin/bash');
    vi.stubEnv('ZSH_NAME', '');
    const flags = await completeWords(['ldlm-server', '--tls']);
    expect(flags).toEqual(expect.arrayContaining(['--tls_cert', '--shards', '--help']));
    expect(flags).not.toContain('--print_env_template');
    expect(await completeWords(['ldlm-server', '--log_level', ''])).toStrictEqual([
      'debug',
      'info',
      'warn',
      'error',
    ]);
  });
});
