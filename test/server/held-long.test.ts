import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { StartOptions } from '../../src/index.ts';
import { type LogLine, LogLines } from './log-lines.ts';
import { afterwards, connect, runServer } from './running-server.ts';

/** A server that warns after 200 ms, so 1.2 s at the latest, and its log. */
async function begin(options: StartOptions = {}) {
  const log = new LogLines();
  const server = await runServer({ logger: log.logger, warnHeldLongerThanMs: 200, ...options });
  const warnings = (): LogLine[] => log.lines.filter(({ msg }) => msg === 'Lock is held for long');
  return { server, log, warnings, client: connect(server.address) };
}

describe('a server that warns of locks held for long', () => {
  it('says which lock, since when, by whom and from where, once', async () => {
    const { log, warnings, client } = await begin();
    const { key } = await client.lock({ name: 'a', holder: 'the one' });
    await expect.poll(warnings, { timeout: 5_000 }).toHaveLength(1);
    const started = log.lines.find(({ msg }) => msg === 'Session started');
    expect(warnings()[0]).toMatchObject({
      level: 'WARN',
      lock: 'a',
      key: key.slice(0, 8),
      holder: 'the one',
      session_id: started?.['session_id'],
      remote_address: started?.['remote_address'],
      shard: expect.any(Number),
    });
    const heldSeconds = Number(warnings()[0]?.['held_seconds']);
    expect(heldSeconds).toBeGreaterThanOrEqual(0.2);
    expect(heldSeconds).toBeLessThan(5);
    await client.lock({ name: 'b' });
    await expect.poll(warnings, { timeout: 5_000 }).toHaveLength(2);
    expect(warnings().map(({ lock }) => lock)).toEqual(['a', 'b']);
  });

  it('warns of a lock that it has loaded, whose session it does not know', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'ldlm-held-'));
    afterwards(() => rmSync(folder, { recursive: true }));
    const stateFile = join(folder, 'state');
    const first = await begin({ stateFile, warnHeldLongerThanMs: 0 });
    await first.client.lock({ name: 'kept' });
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(first.warnings()).toEqual([]);
    await first.server.close();
    const { client, warnings } = await begin({ stateFile });
    await expect.poll(warnings, { timeout: 5_000 }).toMatchObject([{ lock: 'kept' }]);
    expect(warnings()[0]).not.toHaveProperty('session_id');
    await client.lock({ name: 'new' });
    await expect.poll(warnings, { timeout: 5_000 }).toHaveLength(2);
    expect(warnings()[1]).toMatchObject({ lock: 'new', session_id: expect.any(String) });
  });
});
