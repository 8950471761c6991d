import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { peers, root } from './peers.ts';
import { sharedServer } from './server-process.ts';
import { mutualTlsFlags, tlsFlags } from './tls-fixture.ts';

const run = promisify(execFile);

const plain = sharedServer();
const guarded = sharedServer('--password', 'secret');
const secure = sharedServer(...tlsFlags);
const mutual = sharedServer(...mutualTlsFlags);

/** Runs a scenario of a file in test/interop/python, whose assertions end it with a traceback. */
async function runScenario(python: string, file: string, scenario: string, address: string): Promise<void> {
  const script = `${root}test/interop/python/${file}`;
  const byName = address.replace('127.0.0.1', 'localhost');
  const words = [script, scenario, byName, `${root}test/fixtures/tls`];
  const { stdout } = await run(python, words, { timeout: 50_000 });
  expect(stdout).toBe('done\n');
}

/** What both clients have been written for. */
const scenarios = [
  'lock',
  'wait_timeout',
  'try_lock',
  'contexts',
  'renew',
  'auto_renew',
  'size',
  'waiting',
  'disconnect',
];

describe.each([
  ["LDLM's Python client", 'sync_client.py', 'lock_timeout'],
  ["LDLM's asynchronous Python client", 'async_client.py', 'cancel'],
])('%s', (_client, file, ownScenario) => {
  it.each([...scenarios, ownScenario])('%s', async (scenario) => {
    await runScenario(peers.python, file, scenario, plain.address);
  });

  it('password', () => runScenario(peers.python, file, 'password', guarded.address));
  it('TLS', () => runScenario(peers.python, file, 'tls', secure.address));
  it('mutual TLS', () => runScenario(peers.python, file, 'mutual_tls', mutual.address));
});

describe("LDLM's Python client of the older age", () => {
  it.each(['lock', 'refresh', 'auto_refresh', 'size'])('%s', async (scenario) => {
    await runScenario(peers.pythonOld, 'older_client.py', scenario, plain.address);
  });
});
