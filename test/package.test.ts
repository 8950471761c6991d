import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LockClient } from './clients/lock-client.ts';
import { ServerProcess } from './interop/server-process.ts';

const run = promisify(execFile);
const root = fileURLToPath(new URL('..', import.meta.url));

interface Manifest {
  readonly bin: Readonly<Record<string, string>>;
  readonly exports: Readonly<Record<string, unknown>>;
}

const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as Manifest;

describe('the package as it is published', () => {
  let folder = '';
  let files: readonly string[] = [];

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'ldlm-package-'));
    const { stdout } = await run('npm', ['pack', '--json', '--pack-destination', folder], { cwd: root });
    const [packed] = JSON.parse(stdout) as [{ filename: string; files: { path: string }[] }];
    files = packed.files.map(({ path }) => path);
    await run('tar', ['-xzf', packed.filename], { cwd: folder });
    // Its dependencies are the repository's; what npm makes of the tarball itself, the interop tests see.
    symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('holds programs, types, protos, the page and the unit, and nothing else', () => {
    const expected =
      /^(dist\/(src|workers)\/.+\.(js|d\.ts)|dist\/src\/page\/assets\/[\w-]+\.(html|css|svg|json)|protos\/.+|ldlm-server\.service|README\.md|LICENSE|package\.json)$/;
    expect(files.filter((path) => !expected.test(path))).toStrictEqual([]);
    expect(files).toEqual(
      expect.arrayContaining([
        'README.md',
        'LICENSE',
        'protos/ldlm.proto',
        'dist/src/page/assets/index.html',
      ]),
    );
  });

  it('has a server that runs from wherever it lies', async () => {
    const program = join(folder, 'package', manifest.bin['ldlm-server']!);
    const server = new ServerProcess(['--listen_address', '127.0.0.1:0', '--shards', '1'], {}, program);
    const client = new LockClient(await server.ready());
    expect(await client.lock({ name: 'a' })).toMatchObject({ locked: true, name: 'a' });
    client.close();
    expect((await server.stop()).exitCode).toBe(0);
  });

  it('exports what package.json says', async () => {
    const specifiers = Object.keys(manifest.exports).map((subpath) => subpath.replace('.', 'ldlm-ts'));
    expect(specifiers).toContain('ldlm-ts');
    const script = `
      import { existsSync } from 'node:fs';
      import { fileURLToPath } from 'node:url';
      const found = process.argv.slice(2).map((name) => existsSync(fileURLToPath(import.meta.resolve(name))));
      const { startServer } = await import('ldlm-ts');
      const server = await startServer({ listenAddress: '127.0.0.1:0', shards: 1, logLevel: 'error' });
      await server.close();
      const { FileLock, LockMgr } = await import('ldlm-ts/filelock');
      const lock = await new FileLock('consumer.lock').acquire();
      const acquired = await new LockMgr('consumer.lock').acquireLock();
      await lock.release();
      console.log(JSON.stringify({ found, addresses: server.addresses.length, held: !acquired }));
    `;
    // A program inside of the package finds it by the same rules by which it is found from the outside.
    const consumer = join(folder, 'package', 'consumer');
    mkdirSync(consumer);
    writeFileSync(join(consumer, 'consumer.mjs'), script);
    const { stdout } = await run('node', [join(consumer, 'consumer.mjs'), ...specifiers], {
      cwd: consumer,
      timeout: 20_000,
    });
    const found = specifiers.map(() => true);
    expect(JSON.parse(stdout)).toStrictEqual({ found, addresses: 1, held: true });
  });
});
