import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import { REQUEST_CUT_SHORT, REQUEST_TIMEOUT } from '../../src/server/broken-request.ts';
import { addressOf, HttpFailures } from '../../src/server/http-failures.ts';
import { LimitedLines } from '../../src/server/limited-lines.ts';
import { LogLines } from './log-lines.ts';
import { afterwards } from './running-server.ts';

const ADDRESS = '10.1.2.3:4';

function open(others: (log: LogLines) => LimitedLines[] = () => []) {
  const log = new LogLines();
  const told = { failed: 0 };
  const failures = new HttpFailures(log.logger, 'Test', () => told.failed++, others(log));
  afterwards(() => failures.close());
  return { log, told, failures };
}

describe('failures of HTTP', () => {
  it('are told of with the address, the code and the reason, under the name of the connections', () => {
    const { log, failures } = open();
    failures.protocolBroken(ADDRESS, 'HPE_INVALID_METHOD', 'it is none');
    failures.cutOff(ADDRESS, 'it does not read');
    failures.handshakeFailed(ADDRESS, 'no shared cipher');
    const known = { level: 'INFO', remote_address: ADDRESS };
    expect(log.lines).toMatchObject([
      { ...known, msg: 'Test connection failed', error: 'HPE_INVALID_METHOD', reason: 'it is none' },
      { ...known, msg: 'Test connection cut off', reason: 'it does not read' },
      { ...known, msg: 'Test TLS handshake failed', reason: 'no shared cipher' },
    ]);
  });

  it('count against the door only where a client has broken HTTP, whether or not it is told of', () => {
    const { log, told, failures } = open();
    failures.cutOff(ADDRESS, 'it does not read');
    failures.handshakeFailed(ADDRESS, 'no shared cipher');
    expect(told.failed).toBe(0);
    for (let i = 0; i < 7; i++) failures.protocolBroken(ADDRESS, 'HPE_INVALID_METHOD', 'it is none');
    expect(told.failed).toBe(7);
    expect(log.of('Test connection failed')).toHaveLength(5);
  });

  it('are a cut where a request is only late, and a break of HTTP otherwise', () => {
    const { log, told, failures } = open();
    failures.requestRefused(ADDRESS, REQUEST_TIMEOUT, 'it is late');
    expect(told.failed).toBe(0);
    failures.requestRefused(ADDRESS, 'HPE_INVALID_METHOD', 'it is none');
    expect(told.failed).toBe(1);
    expect(log.lines.map(({ msg, error, reason }) => [msg, error, reason])).toEqual([
      ['Test connection cut off', undefined, 'it is late'],
      ['Test connection failed', 'HPE_INVALID_METHOD', 'it is none'],
    ]);
  });

  it('are none where a client has gone in the middle of its request', () => {
    const { log, told, failures } = open();
    failures.requestRefused(ADDRESS, REQUEST_CUT_SHORT, 'it is none');
    expect([log.lines, told.failed]).toEqual([[], 0]);
  });

  it('are limited by their kind, and what was only counted of each is told at the end', () => {
    const { log, failures } = open();
    for (let i = 0; i < 6; i++) failures.protocolBroken(ADDRESS, 'HPE_INVALID_METHOD', '');
    for (let i = 0; i < 7; i++) failures.cutOff(ADDRESS, '');
    for (let i = 0; i < 8; i++) failures.handshakeFailed(ADDRESS, '');
    expect(log.lines).toHaveLength(15);
    failures.close();
    expect(log.lines.slice(15).map(({ msg, count }) => `${msg} ${count}`)).toEqual([
      'Test connection failed: more than are told of one by one 1',
      'Test connection cut off: more than are told of one by one 2',
      'Test TLS handshake failed: more than are told of one by one 3',
    ]);
  });

  it('end together with the lines of those who have more to tell', () => {
    const other = 'Test password refused';
    const made: LimitedLines[] = [];
    const { log, failures } = open(({ logger }) => {
      made.push(new LimitedLines(logger, 'warn', other));
      return made;
    });
    for (let i = 0; i < 6; i++) made[0]!.write({});
    failures.close();
    expect(log.of(`${other}: more`)).toMatchObject([{ level: 'WARN', count: 1 }]);
  });
});

describe('the address of a peer', () => {
  it.each(['127.0.0.1', '::1'])('is what the peer itself calls its end: %s', async (host) => {
    const accepted: Socket[] = [];
    const server = createServer((socket) => accepted.push(socket)).listen(0, host);
    await once(server, 'listening');
    const client = connect((server.address() as AddressInfo).port, host);
    afterwards(() => {
      for (const socket of [client, ...accepted]) socket.destroy();
      server.close();
    });
    await once(client, 'connect');
    await expect.poll(() => accepted.length, { timeout: 5_000 }).toBe(1);
    const shown = host.includes(':') ? `[${host}]` : host;
    expect(addressOf(accepted[0]!)).toBe(`${shown}:${client.localPort}`);
  });

  it('is empty where it is gone', () => {
    expect(addressOf({ remoteAddress: undefined, remotePort: undefined })).toBe(':0');
  });
});
