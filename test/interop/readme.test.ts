import { execFile } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { delimiter, dirname } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { codeBlocks } from './code-blocks.ts';
import { goEnv, peers } from './peers.ts';
import { ServerProcess } from './server-process.ts';

const run = promisify(execFile);
const folder = `${peers.project}/readme`;

/** The examples name the ports, which must be free: a server of somebody else would be tested in its place. */
function expectPortFree(port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', () =>
      reject(new Error(`port ${port}, which the examples of the README use, is taken`)),
    );
    probe.listen(port, '127.0.0.1', () => probe.close(() => resolve()));
  });
}

describe('the first lock of the README', () => {
  const blocks = codeBlocks('A first lock');
  let server: ServerProcess;

  beforeAll(async () => {
    await expectPortFree(3144);
    await expectPortFree(8080);
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder);
    server = new ServerProcess(['--rest_listen_address', 'localhost:8080']);
    await server.ready();
  });
  afterAll(async () => {
    expect((await server.stop()).exitCode).toBe(0);
  });

  /** Runs a file that holds the block in that language, and expects that it speaks of a lock that it has. */
  async function runBlock(
    language: string,
    file: string,
    command: string,
    words: readonly string[],
    env: Readonly<Record<string, string>> = {},
    place = 0,
  ): Promise<void> {
    const code = blocks.get(language)?.[place];
    expect(code, `a block of ${language}`).toBeDefined();
    writeFileSync(`${folder}/${file}`, code!);
    const path = [dirname(peers.grpcurl), process.env['PATH']].join(delimiter);
    const options = { cwd: folder, env: { ...process.env, ...env, PATH: path }, timeout: 200_000 };
    const work = run(command, words, options);
    const { stdout } = await work.catch((error: Error & { stdout: string }) => {
      throw new Error(`${error.message}${error.stdout}`);
    });
    expect(stdout).toContain('locked');
    expect(stdout).not.toMatch(/locked\W+false/);
  }

  it('is taken with curl', () => runBlock('bash', 'rest.sh', 'bash', ['-eu', 'rest.sh']));

  it('is taken with grpcurl', () => runBlock('bash', 'first.sh', 'bash', ['-eu', 'first.sh'], {}, 1));

  it('is taken in Python', () => runBlock('python', 'first.py', peers.python, ['first.py']));

  it('is taken in TypeScript, with its types checked', async () => {
    const flags = [
      '--strict',
      '--skipLibCheck',
      '--target',
      'es2022',
      '--module',
      'node20',
      '--types',
      'node',
    ];
    const compile = `npx --no-install tsc ${flags.join(' ')} first.ts && node first.js`;
    await runBlock('ts', 'first.ts', 'bash', ['-euc', compile]);
  });

  it('is taken in Go', { timeout: 240_000 }, async () => {
    const env = { ...goEnv, GOFLAGS: `${goEnv.GOFLAGS} -mod=mod` };
    mkdirSync(`${folder}/first`);
    writeFileSync(`${folder}/first/go.mod`, 'module first\n\ngo 1.24\n');
    const script = 'cp first.go first/main.go && cd first && go mod tidy 2>&1 && go run .';
    await runBlock('go', 'first.go', 'bash', ['-euc', script], env);
  });
});
