import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
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

/** A lock that the run finds held, with somebody who waits for it: no name that it makes up is one. */
const HELD = 'held for the whole run';

interface Document {
  readonly paths: Readonly<
    Record<string, { readonly get?: { readonly parameters?: { readonly in: string; example?: string }[] } }>
  >;
}

/** Names the lock that is held where the document asks for a name, as a user would who knows one. */
function withExample(document: Document): Document {
  const name = document.paths['/v1/locks/{name}']?.get?.parameters?.find((each) => each.in === 'path');
  if (name === undefined) throw new Error('the document has no path with the name of a lock');
  name.example = HELD;
  return document;
}

interface Har {
  readonly log: {
    readonly entries: readonly {
      readonly request: { readonly method: string; readonly url: string };
      readonly response: { readonly status: number };
    }[];
  };
}

const heldPath = `/v1/locks/${encodeURIComponent(HELD)}`;

async function holdAndWait(curl: CurlSession): Promise<void> {
  expect((await curl.post('/v1/lock', JSON.stringify({ name: HELD }))).body).toContain('"locked":true');
  // It ends with the server.
  curl.post('/v1/lock/wait', JSON.stringify({ name: HELD }), '--max-time', '150').catch(() => {});
  await expect
    .poll(async () => (await curl.ask(heldPath)).body, { timeout: 15_000 })
    .toContain('"waiter_count":1');
}

/** Runs schemathesis against a server with everything switched on. Returns what it says, and what it asked and was told. */
async function schemathesis(
  ...words: readonly string[]
): Promise<{ readonly said: string; readonly asked: readonly string[] }> {
  const { rest, server } = await launchRest('--password', PASSWORD, '--remote_admin', '--log_level', 'warn');
  const base = `http://${rest}`;
  const curl = new CurlSession(base, '-u', `any:${PASSWORD}`);
  const { session_id: session } = JSON.parse((await curl.ask('/session', '-X', 'POST')).body) as {
    session_id: string;
  };
  const document = withExample(JSON.parse((await curl.ask('/openapi.json')).body) as Document);
  await holdAndWait(curl);
  const scratch = mkdtempSync(join(tmpdir(), 'ldlm-schemathesis-'));
  afterwards(() => rmSync(scratch, { recursive: true, force: true }));
  // The limits of 64 bits are no numbers of JavaScript: the document has them exactly, and must have them here, too.
  const text = JSON.stringify(document)
    .replaceAll('-9223372036854776000', `${-(2n ** 63n)}`)
    .replaceAll('9223372036854776000', `${2n ** 63n - 1n}`);
  writeFileSync(join(scratch, 'openapi.json'), text);
  // Whatever it finds makes it end with another code than 0, and this fail with what it has said.
  const failed = (error: Error & { readonly stdout?: string }): never => {
    throw new Error(`schemathesis says: ${error.stdout}`, { cause: error });
  };
  const { stdout } = await run(
    peers.schemathesis,
    [
      ...['--config-file', `${folder}/schemathesis.toml`, 'run', 'openapi.json', '--url', base],
      ...['--max-examples', '50', '--request-timeout', '10'],
      ...['--report', 'har', '--report-har-path', 'asked.json', ...words],
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
  const { log } = JSON.parse(readFileSync(join(scratch, 'asked.json'), 'utf8')) as Har;
  const asked = log.entries.map(
    ({ request, response }) => `${request.method} ${new URL(request.url).pathname} ${response.status}`,
  );
  return { said: stdout, asked };
}

describe('schemathesis', () => {
  it('finds nothing wrong with what the document says of the operations', { timeout: 180_000 }, async () => {
    const { said, asked } = await schemathesis('--exclude-method', 'DELETE');
    expect(said).toMatch(/8 selected/);
    expect(said).toMatch(/[0-9]{3,} passed/);
    // That an operation answers 404 only, so that nobody has seen what it is for.
    expect(said).not.toMatch(/Missing test data/);
    expect(asked).toContain(`GET ${heldPath} 200`);
  });

  it('finds nothing wrong with the end of a session, which would end the run above', {
    timeout: 60_000,
  }, async () => {
    expect((await schemathesis('--include-method', 'DELETE')).said).toMatch(/No issues found/);
  });
});
