import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it, onTestFinished } from 'vitest';
import { parseDurationMs } from '../../src/base/duration.ts';
import { Limits } from '../../src/base/limits.ts';
import { readEnv } from '../../src/config/read-env.ts';
import { readOptions } from '../../src/config/read-options.ts';
import { root } from './peers.ts';

const run = promisify(execFile);
const unit = readFileSync(join(root, 'ldlm-server.service'), 'utf8');
const valuesOf = (name: string): string[] =>
  [...unit.matchAll(new RegExp(`^${name}=(.*)$`, 'gm'))].map(([, value]) => value!);

/** The unit with the program that was built in place of the one that is installed, as a file that systemd can check. */
function installedUnit(): string {
  const folder = mkdtempSync(join(tmpdir(), 'ldlm-unit-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'ldlm-server.service');
  const program = `${process.execPath} ${join(root, 'dist/src/cli/ldlm-server.js')}`;
  writeFileSync(file, unit.replace(/^ExecStart=ldlm-server$/m, `ExecStart=${program}`));
  return file;
}

describe('the systemd unit', () => {
  it('is understood by systemd in every line', async () => {
    const { stdout, stderr } = await run('systemd-analyze', ['verify', installedUnit()]);
    expect(stdout + stderr).toBe('');
  });

  it('leaves little exposed', async () => {
    // The number is ten times the exposure that it prints; a unit without any of these settings has 96.
    await run('systemd-analyze', ['security', '--offline=true', '--threshold=15', installedUnit()]);
  });

  it('sets options that the server takes, with files where the unit lets it write', () => {
    const env = Object.fromEntries(
      valuesOf('Environment').map((line) => line.replaceAll('%t', '/run').split('=') as [string, string]),
    );
    const options = readOptions(new Map(), readEnv(env));
    expect(options.ipcSocketFile).toBe(`/run/${valuesOf('RuntimeDirectory')[0]}/ldlm-ipc.sock`);
    expect(unit).toContain(`LDLM_STATE_FILE=/var/lib/${valuesOf('StateDirectory')[0]}/state`);
    // An orderly stop, and 2 s for threads that hang, end before systemd loses its patience.
    expect(parseDurationMs(valuesOf('TimeoutStopSec')[0]!)).toBeGreaterThan(options.shutdownGraceMs + 2_000);
  });

  it('allows as many files as there may be connections, and some', () => {
    const files = Number(valuesOf('LimitNOFILE')[0]);
    expect(files).toBeGreaterThan(Limits.connectionsMax + Limits.restSessionsMax + 1_000);
  });
});
