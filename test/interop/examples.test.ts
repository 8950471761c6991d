import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync } from 'node:fs';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, it } from 'vitest';
import { peers, root } from './peers.ts';
import { afterwards, sharedServer } from './server-process.ts';

const run = promisify(execFile);
const folder = `${peers.project}/examples`;

describe('the examples, with the installed package', () => {
  const server = sharedServer();
  const env = () => ({ ...process.env, LDLM_ADDRESS: server.address });
  beforeAll(() => cpSync(`${root}examples`, folder, { recursive: true }));

  async function linesOf(example: string): Promise<readonly string[]> {
    const { stdout } = await run('node', [`${folder}/${example}`], { env: env(), timeout: 20_000 });
    return stdout.trim().split('\n');
  }

  /** Starts a candidate, and keeps what it says. */
  function stand(name: string): { readonly child: ChildProcess; readonly said: () => string } {
    const child = spawn('node', [`${folder}/primary-secondary.mjs`, name], {
      env: env(),
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    afterwards(() => child.kill('SIGKILL'));
    let text = '';
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
    });
    return { child, said: () => text };
  }

  it('primary-secondary: another leads once the primary is gone', async () => {
    const first = stand('first');
    await expect.poll(first.said, { timeout: 10_000 }).toMatch(/^first leads, with token \d+\n$/);
    const second = stand('second');
    first.child.kill('SIGKILL');
    await expect.poll(second.said, { timeout: 10_000 }).toContain('second leads, with token');
    const third = stand('third');
    const ends = [once(second.child, 'close'), once(third.child, 'close')];
    second.child.kill('SIGTERM');
    await expect.poll(third.said, { timeout: 10_000 }).toContain('third leads, with token');
    third.child.kill('SIGINT');
    expect(await Promise.all(ends)).toEqual([
      [0, null],
      [0, null],
    ]);
    expect([second.said(), third.said()]).toEqual([
      expect.stringMatching(/second leads no more\n$/),
      expect.stringMatching(/third leads no more\n$/),
    ]);
  });

  it('tasks: each is done once', async () => {
    const lines = await linesOf('tasks.mjs');
    expect(lines.length).toBe(12);
    expect(new Set(lines.map((line) => line.split(' was ')[0])).size).toBe(12);
    for (const line of lines) expect(line).toMatch(/^task \d+ was done by (anna|ben|cleo)$/);
  });

  it('resource-limit: 10 at a time', async () => {
    expect(await linesOf('resource-limit.mjs')).toEqual(['40 uses, 10 at a time']);
  });

  it('rate-limit: 12 calls take two windows, and a service refuses two of seven', async () => {
    const lines = await linesOf('rate-limit.mjs');
    const afterMs = lines.slice(0, -1).map((line) => Number(/after (\d+) ms$/.exec(line)![1]));
    expect(afterMs.length).toBe(12);
    // The server counts from the beginning of the turn in which it grants, which may be a little before the request.
    expect(afterMs[11]).toBeGreaterThanOrEqual(1_000 - 20);
    expect(lines.at(-1)).toBe('200 200 200 200 200 429 429');
  });

  it('fencing: who comes too late is refused', async () => {
    const [refused, written, sql] = await linesOf('fencing.mjs');
    expect([refused, written]).toEqual(['refused: LDLM_STALE_TOKEN', 'written: by the second holder']);
    expect(sql).toMatch(/^UPDATE "reports" SET "text" = \$1/);
  });
});
