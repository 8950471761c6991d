import { describe, expect, it } from 'vitest';
import { createLogger } from '../../src/server/logger.ts';
import { connect, runServer } from './running-server.ts';

/** Runs a client against a server that logs at this level and returns its log lines. */
async function linesAt(
  logLevel: 'debug' | 'info' | 'warn',
  last = 'Session ended',
): Promise<Record<string, unknown>[]> {
  const lines: Record<string, unknown>[] = [];
  const stream = { write: (line: string) => lines.push(JSON.parse(line) as Record<string, unknown>) };
  const server = await runServer({ logger: createLogger({ logLevel, logFormat: 'json' }, stream) });
  const client = connect(server.address);
  await client.lock({ name: 'a' });
  client.close();
  for (let waited = 0; waited < 100 && !lines.some((line) => line['msg'] === last); waited++) {
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  return lines;
}

describe('the session log', () => {
  it('tells of the beginning and the end of a session under one id', async () => {
    const lines = await linesAt('info');
    const started = lines.find((line) => line['msg'] === 'Session started');
    const ended = lines.find((line) => line['msg'] === 'Session ended');
    expect(started).toMatchObject({
      level: 'INFO',
      session_id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      remote_address: expect.stringMatching(/^127\.0\.0\.1:\d+$/),
    });
    expect(ended).toMatchObject({ session_id: started?.['session_id'] });
  });

  it("brings a shard's lines under the same id at debug level", async () => {
    const lines = await linesAt('debug', 'Unlocked during client session cleanup');
    const { session_id, remote_address } = lines.find((line) => line['msg'] === 'Session started') ?? {};
    const own = lines.filter((line) => line['level'] === 'DEBUG');
    expect(own).toMatchObject([
      { msg: 'Lock request', session_id, remote_address, lock: 'a' },
      {
        msg: 'Lock response',
        session_id,
        locked: true,
        key: expect.stringMatching(/^[0-9a-f]{8}$/),
        error: null,
      },
      { msg: 'Unlocked during client session cleanup', session_id, lock: 'a' },
    ]);
  });

  it('is silent above info, where the readiness line still is', async () => {
    const lines = await linesAt('warn');
    expect(lines.map((line) => line['msg'])).toEqual([
      expect.stringMatching(/^gRPC server started\. Listening on 127\.0\.0\.1:\d+$/),
    ]);
  });
});
