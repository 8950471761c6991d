import { describe, expect, it } from 'vitest';
import { Limits } from '../../../src/base/limits.ts';
import { runServer } from '../running-server.ts';
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
    await expect
      .poll(async () => {
        const reader = new EventReader(server.adminAddresses[0]!, '/api/events');
        return reader
          .until(({ event }) => event === 'stats')
          .then(
            () => true,
            () => false,
          );
      })
      .toBe(true);
  });
});
