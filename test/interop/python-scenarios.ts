import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect } from 'vitest';
import { root } from './peers.ts';

const run = promisify(execFile);

/** What both clients have been written for. */
export const scenarios = [
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

/** The clients, their programs, and what only one of them can do. */
export const pythonClients = [
  ["LDLM's Python client", 'sync_client.py', 'lock_timeout'],
  ["LDLM's asynchronous Python client", 'async_client.py', 'cancel'],
] as const;

/** Runs a scenario of a file in test/interop/python, whose assertions end it with a traceback. */
export async function runScenario(
  python: string,
  file: string,
  scenario: string,
  address: string,
): Promise<void> {
  const script = `${root}test/interop/python/${file}`;
  const byName = address.replace('127.0.0.1', 'localhost');
  const words = [script, scenario, byName, `${root}test/fixtures/tls`];
  const { stdout } = await run(python, words, { timeout: 50_000 });
  expect(stdout).toBe('done\n');
}
