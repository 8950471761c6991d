import { once } from 'node:events';
import { connect } from 'node:net';
import { describe, expect, it } from 'vitest';
import { Limits } from '../../../src/base/limits.ts';
import { afterwards, runServer } from '../running-server.ts';
import { ask } from './admin-request.ts';
import { EventReader } from './event-reader.ts';

describe('the streams of all dashboards', () => {
  it('begin with what was before they were opened', async () => {
    const server = await runServer({ adminListenAddress: '127.0.0.1:0', shards: 1 });
    const first = new EventReader(server.adminAddresses[0]!, '/api/events?locks=false');
    await first.waitFor(() => first.events.length >= 3);
    const [, ...seen] = first.events.filter(({ event }) => event === 'stats').map(({ data }) => data);
    first.close();
    const second = new EventReader(server.adminAddresses[0]!, '/api/events?locks=false');
    const { data: past } = await second.until(({ event }) => event === 'past');
    expect(past).toEqual(expect.arrayContaining(seen));
    expect(second.events[0]!.event).toBe('past');
  });

  it('are so many and one more is told why not, until one ends', async () => {
    const server = await runServer({ adminListenAddress: '127.0.0.1:0', shards: 1 });
    const readers = Array.from(
      { length: Limits.eventStreamsMax },
      () => new EventReader(server.adminAddresses[0]!, '/api/events'),
    );
    for (const reader of readers) await reader.until(({ event }) => event === 'stats');
    const refused = await ask(server, '/api/events');
    expect(refused.status).toBe(503);
    expect(refused.json()).toStrictEqual({
      code: 'LDLM_TOO_MANY_STREAMS',
      message: '16 dashboards are open, and no more are fed: close one of them',
    });
    readers[0]!.close();
    await expect.poll(() => reads(server.adminAddresses[0]!)).toBe(true);
  });

  it('keep no place for one that is asked for behind another answer', async () => {
    const server = await runServer({ adminListenAddress: '127.0.0.1:0', shards: 1 });
    const address = server.adminAddresses[0]!;
    const stream = `GET /api/events HTTP/1.1\r\nhost: ${address}\r\n\r\n`;
    const socket = connect(Number(address.split(':')[1]), '127.0.0.1');
    afterwards(() => socket.destroy());
    socket.write(stream.repeat(Limits.eventStreamsMax + 4));
    await once(socket, 'data');
    const others = Array.from(
      { length: Limits.eventStreamsMax - 1 },
      () => new EventReader(address, '/api/events'),
    );
    for (const reader of others) await reader.until(({ event }) => event === 'stats');
    expect(await ask(server, '/api/events')).toMatchObject({ status: 503 });
    socket.destroy();
    await expect.poll(() => reads(address), { timeout: 5_000 }).toBe(true);
  });

  it('are refused behind another answer, and the connection ends', async () => {
    const server = await runServer({ adminListenAddress: '127.0.0.1:0', shards: 1 });
    const address = server.adminAddresses[0]!;
    const get = (path: string) => `GET ${path} HTTP/1.1\r\nhost: ${address}\r\n\r\n`;
    const socket = connect(Number(address.split(':')[1]), '127.0.0.1');
    let text = '';
    socket.on('data', (bytes) => {
      text += String(bytes);
    });
    socket.write(get('/api/lock?name=a') + get('/api/events'));
    await once(socket, 'close');
    expect(text.match(/HTTP\/1\.1 \d+|\bconnection: [\w-]+|"code":"\w+"/gi)).toStrictEqual([
      'HTTP/1.1 404',
      'Connection: keep-alive',
      '"code":"LDLM_LOCK_NOT_FOUND"',
      'HTTP/1.1 409',
      'connection: close',
      '"code":"LDLM_STREAM_PIPELINED"',
    ]);
  });
});

/** Whether a dashboard more is fed. */
function reads(address: string): Promise<boolean> {
  return new EventReader(address, '/api/events')
    .until(({ event }) => event === 'stats')
    .then(
      () => true,
      () => false,
    );
}
