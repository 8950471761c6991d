import { describe, expect, it } from 'vitest';
import { Limits } from '../../src/base/limits.ts';
import { silentLogger } from '../../src/server/logger.ts';
import { peerAddress, SessionDirectory } from '../../src/server/session-directory.ts';
import { type LogLine, LogLines } from './log-lines.ts';
import { connect, runServer } from './running-server.ts';

/** Runs a client against a server that logs at this level and returns its log lines. */
async function linesAt(logLevel: 'debug' | 'info' | 'warn', last = 'Session ended'): Promise<LogLine[]> {
  const log = new LogLines(logLevel);
  const server = await runServer({ logger: log.logger });
  const client = connect(server.address);
  await client.lock({ name: 'a' });
  client.close();
  for (let waited = 0; waited < 100 && !log.lines.some((line) => line['msg'] === last); waited++) {
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  return log.lines;
}

describe('the session directory', () => {
  it('never gives a number twice, and knows whose it is', () => {
    const directory = new SessionDirectory(silentLogger());
    const first = directory.begin('grpc', '127.0.0.1:1');
    directory.end(first);
    const second = directory.begin('grpc', '127.0.0.1:2');
    const third = directory.begin('rest', '127.0.0.1:0');
    expect(new Set([first, second, third]).size).toBe(3);
    expect(directory.find(second)).toMatchObject({ address: '127.0.0.1:2', protocol: 'grpc' });
    expect(directory.find(third)).toMatchObject({ address: '127.0.0.1:0', protocol: 'rest' });
    expect([directory.count('grpc'), directory.count('rest')]).toEqual([1, 1]);
    expect([directory.begun('grpc'), directory.begun('rest')]).toEqual([2, 1]);
  });

  it('knows sessions that have ended for a while, and no more than so many', () => {
    const directory = new SessionDirectory(silentLogger());
    const first = directory.begin('grpc', 'a:1');
    directory.end(first);
    directory.end(first);
    expect(directory.find(first)).not.toBeNull();
    for (let known = 1; known < Limits.endedSessionsLoggedMax; known++)
      directory.end(directory.begin('rest', 'b:0'));
    expect(directory.find(first)).not.toBeNull();
    directory.end(directory.begin('rest', 'b:0'));
    expect(directory.find(first)).toBeNull();
    expect([directory.count('grpc'), directory.count('rest')]).toEqual([0, 0]);
  });

  it.each([
    ['127.0.0.1', 80, '127.0.0.1:80'],
    ['::1', 80, '[::1]:80'],
    [undefined, undefined, ':0'],
  ])('writes the peer %s %s as %s', (host, port, text) => {
    expect(peerAddress(host, port)).toBe(text);
  });
});

describe('the log of sessions', () => {
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
      'IPC server disabled because of empty socket file path',
      expect.stringMatching(/^gRPC server started\. Listening on 127\.0\.0\.1:\d+$/),
    ]);
  });
});
