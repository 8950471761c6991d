import { afterEach, describe, expect, it, vi } from 'vitest';
import {
  completeLockWords,
  formatLockCompletionScript,
  formatLockHelp,
} from '../../../src/cli/lock/lock-help.ts';
import { allFlags, lockCommands } from '../../../src/cli/lock/lock-options.ts';

describe('formatLockHelp', () => {
  it.each([60, 80, 120])('fits %d columns', async (columns) => {
    for (const line of (await formatLockHelp(columns)).split('\n')) {
      expect(line.length).toBeLessThanOrEqual(columns);
      expect(line).not.toMatch(/[^\s(]\[/);
    }
  });

  it('shows every command and flag', async () => {
    const help = (await formatLockHelp(100)).replaceAll(/\s+/g, ' ');
    for (const [name, { help: text, words }] of Object.entries(lockCommands)) {
      expect(help).toContain(`${['ldlm-lock', name, ...words].join(' ')} ${text}`);
    }
    for (const [name, flag] of Object.entries(allFlags)) expect(help).toContain(`--${name} ${flag.help}`);
  });
});

describe('completion', () => {
  afterEach(() => void vi.unstubAllEnvs());

  it('has a script for bash and one for zsh', async () => {
    vi.stubEnv('SHELL', '/bin/bash');
    expect(await formatLockCompletionScript()).toContain('-F _ldlm-lock');
    vi.stubEnv('SHELL', '/bin/zsh');
    expect(await formatLockCompletionScript()).toContain('#compdef ldlm-lock');
  });

  it('knows commands and flags', async () => {
    vi.stubEnv('SHELL', '/bin/bash');
    expect(await completeLockWords(['ldlm-lock', ''])).toEqual(['unlock', 'list', 'watch', 'info', 'run']);
    expect(await completeLockWords(['ldlm-lock', 'list', '--sk'])).toContain('--skip_verify');
  });
});
