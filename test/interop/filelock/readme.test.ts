import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { isFree } from '../../filelock/held-locks.ts';
import { makeScratchPath } from '../../filelock/scratch-folder.ts';
import { codeBlocks } from '../code-blocks.ts';
import { peers } from '../peers.ts';

const run = promisify(execFile);

/** Compiles a program beside the installed package, with its types checked, runs it, and returns what it prints. */
async function runTypeScript(name: string, code: string): Promise<string> {
  const options = { cwd: peers.project, timeout: 50_000 };
  writeFileSync(`${peers.project}/${name}.mts`, code);
  const flags = ['--strict', '--target', 'es2022', '--module', 'node20', '--types', 'node'];
  await run('npx', ['--no-install', 'tsc', ...flags, `${name}.mts`], options);
  const { stdout, stderr } = await run('node', [`${name}.mjs`], options);
  return stdout + stderr;
}

describe('the file locks of the README', () => {
  const [modern = '', lockmgr = ''] = codeBlocks('File lock').get('ts') ?? [];

  it.each([
    ['FileLock', modern, (path: string) => `alone, until the block ends ${path}\n`],
    ['LockMgr', lockmgr, () => ''],
  ])('are taken by a %s, and given back', async (name, code, output) => {
    const path = makeScratchPath();
    expect(code).toContain(`new ${name}('/tmp/report.lock')`);
    const program = code.replaceAll('/tmp/report.lock', path);
    expect(await runTypeScript(`readme-${name}`, program)).toBe(output(path));
    expect(await isFree(path)).toBe(true);
  });
});
