import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { peers, root } from './peers.ts';
import { afterwards, connect, ServerProcess } from './server-process.ts';

const run = promisify(execFile);
const manifest = JSON.parse(readFileSync(`${root}package.json`, 'utf8')) as { version: string };

/** The first text on stderr in which the pattern is found. */
async function waitFor(child: ChildProcess, pattern: RegExp): Promise<RegExpExecArray> {
  let text = '';
  for await (const chunk of child.stderr!) {
    text += chunk;
    const found = pattern.exec(text);
    if (found !== null) return found;
  }
  throw new Error(`not found in: ${text}`);
}

describe('the installed package', () => {
  it('has the ldlm-server command', async () => {
    const { stdout } = await run('npx', ['--no-install', 'ldlm-server', '--version'], { cwd: peers.project });
    expect(stdout).toContain(`Version: ${manifest.version}\n`);
  });

  it('serves, and stops by a signal', async () => {
    const command = `${peers.project}/node_modules/.bin/ldlm-server`;
    const server = spawn(command, ['-l', '127.0.0.1:0', '--ipc_socket_file', ''], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    afterwards(() => server.kill('SIGKILL'));
    const exit = once(server, 'exit');
    const found = await waitFor(server, /Listening on (?<address>[\d.]+:\d+)/);
    expect(await connect(found.groups!['address']!).lock({ name: 'a' })).toMatchObject({ locked: true });
    server.kill('SIGTERM');
    expect(await exit).toStrictEqual([0, null]);
  });

  const program = `
    import { ConfigError, LdlmServerError, startServer, type RunningServer } from 'ldlm-ts';
    const server: RunningServer = await startServer({ listenAddress: '127.0.0.1:0', logLevel: 'error', shards: 1 });
    const refusal: unknown = await startServer({ listenAddress: 'nocolon' }).catch((error: unknown) => error);
    const isTheirs: boolean = refusal instanceof LdlmServerError && typeof refusal.code === 'string';
    console.log(server.addresses.length, isTheirs, typeof ConfigError);
    await server.close();
  `;

  const lockProgram = `
    import { FileLock, FileLockedError, LockMgr } from 'ldlm-ts/filelock';
    async function runAlone(): Promise<boolean> {
      await using lock: FileLock = await new FileLock('program.lock').acquire({ timeoutMs: 1_000 });
      const refusal: unknown = await new FileLock(lock.path).acquire({ wait: false }).catch((error: unknown) => error);
      return refusal instanceof FileLockedError;
    }
    const refused: boolean = await runAlone();
    const mgr: LockMgr = new LockMgr('program.lock');
    const acquired: boolean = await mgr.acquireLock({ wait: true, timeout: 1 });
    console.log(refused, acquired, mgr.msg, await mgr.releaseLock());
  `;

  it('is imported by an ES module, which ends once the server is closed', async () => {
    const plain = program.replace(', type RunningServer', '').replaceAll(/(const \w+): \w+/g, '$1');
    const script = plain.replace('(error: unknown)', '(error)');
    writeFileSync(`${peers.project}/embed.mjs`, script);
    const { stdout } = await run('node', ['embed.mjs'], { cwd: peers.project, timeout: 20_000 });
    expect(stdout).toBe('1 true function\n');
  });

  const typeFlags = ['--strict', '--skipLibCheck', 'false', '--target', 'es2022', '--types', 'node'];

  it.each([
    ['node16', 'node16'],
    ['esnext', 'bundler'],
  ])('has types for module %s with resolution %s', async (module, resolution) => {
    const files = [`types-${resolution}.ts`, `types-lock-${resolution}.ts`];
    writeFileSync(`${peers.project}/${files[0]}`, program);
    writeFileSync(`${peers.project}/${files[1]}`, lockProgram);
    const args = ['--noEmit', ...typeFlags, '--module', module, '--moduleResolution', resolution, ...files];
    const work = run('npx', ['--no-install', 'tsc', ...args], { cwd: peers.project });
    const { stdout } = await work.catch((error: { stdout: string }) => error);
    expect(stdout).toBe('');
  });

  const clientProgram = `
    import { type HeldLock, LdlmClient, LockWaitTimeoutError } from 'ldlm-ts/client';
    const client: LdlmClient = new LdlmClient({ address: process.env['ADDRESS']! });
    const lock: HeldLock | null = await client.tryLock('package');
    const refusal: unknown = await client.lock('package', { waitTimeoutMs: 20 }).catch((error: unknown) => error);
    const token: bigint = lock!.fencingToken;
    console.log(lock!.locked, token > 0n, refusal instanceof LockWaitTimeoutError);
    await client.close();
  `;
  const clientScript = clientProgram
    .replace('type HeldLock, ', '')
    .replaceAll(/(const \w+): [\w |]+ =/g, '$1 =')
    .replace('(error: unknown)', '(error)')
    .replaceAll(/(lock|'\])!/g, '$1');

  it.each([
    ['an ES module', 'client.mjs', clientScript],
    [
      'a CommonJS module',
      'client.cjs',
      `const { LdlmClient, LockWaitTimeoutError } = require('ldlm-ts/client');
      (async () => {${clientScript.replace(/import .*;/, '')}})();`,
    ],
  ])('has a client for %s, which ends once it is closed', async (_, file, script) => {
    const server = new ServerProcess(['-l', '127.0.0.1:0']);
    afterwards(() => server.stop());
    const address = await server.ready();
    writeFileSync(`${peers.project}/${file}`, script);
    const env = { ...process.env, ADDRESS: address };
    const { stdout } = await run('node', [file], { cwd: peers.project, timeout: 20_000, env });
    expect(stdout).toBe('true true true\n');
  });

  it.each([
    ['node16', 'node16', 'types-client-node16.mts'],
    ['esnext', 'bundler', 'types-client-bundler.ts'],
    ['nodenext', 'nodenext', 'types-client-required.cts'],
  ])('has types of the client for module %s with resolution %s in %s', async (module, resolution, file) => {
    const required = clientProgram
      .replace(/^\s*import (.*) from (.*);/m, 'import $1 from $2;')
      .replace(/const client:/, 'async function main() { const client:');
    writeFileSync(
      `${peers.project}/${file}`,
      file.endsWith('.cts') ? `${required}}\nvoid main();` : clientProgram,
    );
    const flags = [
      '--noEmit',
      '--strict',
      '--skipLibCheck',
      'false',
      '--target',
      'es2022',
      '--types',
      'node',
    ];
    const words = [
      '--no-install',
      'tsc',
      ...flags,
      '--module',
      module,
      '--moduleResolution',
      resolution,
      file,
    ];
    const work = run('npx', words, { cwd: peers.project });
    const { stdout } = await work.catch((error: { stdout: string }) => error);
    expect(stdout).toBe('');
  });

  it('has file locks that `await using` releases, as TypeScript compiles it', async () => {
    writeFileSync(`${peers.project}/lock.mts`, lockProgram);
    const args = [...typeFlags, '--module', 'node16', 'lock.mts'];
    await run('npx', ['--no-install', 'tsc', ...args], { cwd: peers.project });
    const { stdout } = await run('node', ['lock.mjs'], { cwd: peers.project, timeout: 20_000 });
    expect(stdout).toBe('true true Success true\n');
  });

  it('does not have types for what is not exported', async () => {
    writeFileSync(
      `${peers.project}/types-none.ts`,
      `import { Limits } from 'ldlm-ts/dist/src/base/limits.js';\nLimits;\n`,
    );
    const work = run('npx', ['--no-install', 'tsc', '--noEmit', '--module', 'node16', 'types-none.ts'], {
      cwd: peers.project,
    });
    await expect(work).rejects.toMatchObject({ stdout: expect.stringContaining('Cannot find module') });
  });
});
