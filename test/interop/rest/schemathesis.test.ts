import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { peers, root } from '../peers.ts';
import { afterwards, launchRest } from '../server-process.ts';
import { CurlSession } from './curl-session.ts';

const run = promisify(execFile);
const folder = `${root}test/interop/rest`;
const PASSWORD = 'pass:word';

/** Runs schemathesis against a server with everything switched on, and returns what it says. */
async function schemathesis(...words: readonly string[]): Promise<string> {
  const { rest, server } = await launchRest('--password', PASSWORD, '--remote_admin', '--log_level', 'warn');
  const base = `http://${rest}`;
  const curl = new CurlSession(base, '-u', `any:${PASSWORD}`);
  const { session_id: session } = JSON.parse((await curl.ask('/session', '-X', 'POST')).body) as {
    session_id: string;
  };
  const { body: document } = await curl.ask('/openapi.json');
  const scratch = mkdtempSync(join(tmpdir(), 'ldlm-schemathesis-'));
  afterwards(() => rmSync(scratch, { recursive: true, force: true }));
  writeFileSync(join(scratch, 'openapi.json'), document);
  // Whatever it finds makes it end with another code than 0, and this fail with what it has said.
  const failed = (error: Error & { readonly stdout?: string }): never => {
    throw new Error(`schemathesis says: ${error.stdout}`, { cause: error });
  };
  const { stdout } = await run(
    peers.schemathesis,
    [
      ...['--config-file', `${folder}/schemathesis.toml`, 'run', 'openapi.json', '--url', base],
      ...['--max-examples', '50', '--request-timeout', '10', ...words],
    ],
    {
      cwd: scratch,
      env: {
        ...process.env,
        ...{ LDLM_SESSION: session, LDLM_TEST_PASSWORD: PASSWORD },
        ...{ SCHEMATHESIS_HOOKS: `${folder}/schemathesis_hooks.py`, NO_COLOR: '1' },
      },
    },
  ).catch(failed);
  expect(server.stderr).not.toMatch(/"level":"ERROR"/);
  return stdout;
}

describe('schemathesis', () => {
  it('finds nothing wrong with what the document says of the operations', { timeout: 180_000 }, async () => {
    const said = await schemathesis('--exclude-method', 'DELETE');
    expect(said).toMatch(/8 selected/);
    expect(said).toMatch(/[0-9]{3,} passed/);
  });

  it('finds nothing wrong with the end of a session, which would end the run above', {
    timeout: 60_000,
  }, async () => {
    expect(await schemathesis('--include-method', 'DELETE')).toMatch(/No issues found/);
  });
});
