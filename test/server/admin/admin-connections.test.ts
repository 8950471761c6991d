import { once } from 'node:events';
import { connect } from 'node:net';
import { describe, expect, it } from 'vitest';
import { Limits } from '../../../src/base/limits.ts';
import { AdminConnections } from '../../../src/server/admin/admin-connections.ts';
import { AdminFailures } from '../../../src/server/admin/admin-failures.ts';
import { listenHurried } from '../hurried-server.ts';
import { LogLines } from '../log-lines.ts';

/** Connections of their own, with times so short that a test can wait for them. */
async function openConnections() {
  const log = new LogLines();
  const arrivals = { failed: 0 };
  const failures = new AdminFailures(log.logger, () => arrivals.failed++);
  const connections = new AdminConnections(
    () => {},
    failures,
    () => {},
  );
  const server = connections.createServer(null);
  expect(server).toMatchObject({
    headersTimeout: Limits.adminHeadMsMax,
    requestTimeout: Limits.adminRequestMsMax,
    maxHeaderSize: Limits.adminHeadBytesMax,
  });
  return { log, arrivals, connections, port: await listenHurried(connections, server) };
}

describe('a connection to the admin listener', () => {
  it.each([
    ['sends nothing', ''],
    ['sends half a head', 'POST / HTTP/1.1\r\nHost: x\r\n'],
    ['sends half a body', 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n{'],
  ])('is cut off when it %s, leaves a line, and has broken nothing', async (_what, sent) => {
    const { log, arrivals, connections, port } = await openConnections();
    const socket = connect(port, '127.0.0.1');
    socket.on('error', () => {});
    let answer = '';
    socket.on('data', (bytes) => {
      answer += bytes.toString();
    });
    socket.write(sent);
    await once(socket, 'close');
    expect(answer).toMatch(/^HTTP\/1\.1 408 Request Timeout\r\n/);
    expect(log.of('admin connection')).toMatchObject([
      {
        level: 'INFO',
        msg: 'admin connection cut off',
        remote_address: expect.stringMatching(/^127\.0\.0\.1:\d+$/),
        reason: 'the rest of the request did not come in time',
      },
    ]);
    expect(arrivals.failed).toBe(0);
    await expect.poll(() => connections.size).toBe(0);
  });

  it('is ended with all others', async () => {
    const { connections, port } = await openConnections();
    const socket = connect(port, '127.0.0.1');
    socket.on('error', () => {});
    await expect.poll(() => connections.size).toBe(1);
    connections.destroy();
    await once(socket.resume(), 'close');
  });
});
