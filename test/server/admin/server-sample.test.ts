import { describe, expect, it } from 'vitest';
import type { ServerSample } from '../../../src/contract/dashboard.ts';
import { connect, runServer } from '../running-server.ts';
import { EventReader } from './event-reader.ts';

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

describe('a sample of the server', () => {
  it('counts what has happened, by shard', async () => {
    const server = await runServer({ adminListenAddress: '127.0.0.1:0', shards: 2 });
    const client = connect(server.address);
    const names = Array.from({ length: 20 }, (_none, index) => `lock-${index}`);
    const keys = await Promise.all(names.map(async (name) => (await client.lock({ name })).key));
    for (const index of [0, 1, 2]) await client.unlock(names[index]!, keys[index]!);
    await client.lock({ name: 'short', lock_timeout_ms: 30 });
    const leaving = connect(server.address);
    for (const name of ['left-1', 'left-2']) await leaving.lock({ name });
    leaving.close();
    const waiting = client.lock({ name: names[9]! });
    waiting.catch(() => {});
    const reader = new EventReader(server.adminAddresses[0]!, '/api/events?locks=false');
    const { data } = await reader.until(({ event, data: sample }) => {
      const { shards } = sample as ServerSample;
      return (
        event === 'stats' &&
        sum(shards.map(({ expiries, waiters, releases }) => expiries + waiters + releases)) === 7
      );
    });
    const sample = data as ServerSample;
    const total = (field: keyof ServerSample['shards'][number]): number =>
      sum(sample.shards.map((shard) => shard[field]));
    expect(sample.shards.map(({ holders }) => holders > 0)).toStrictEqual([true, true]);
    expect([total('grants'), total('holders'), total('releases'), total('expiries')]).toStrictEqual([
      23, 17, 5, 1,
    ]);
    expect([total('requests') >= 27, sample.connections, sample.sessions]).toStrictEqual([true, 1, 1]);
    expect(Math.abs(sample.timeMs - Date.now())).toBeLessThan(5_000);
    for (const [histogram, count] of [
      [sample.waited, 23],
      [sample.held, 6],
    ] as const) {
      expect(histogram.counts.length).toBe(histogram.boundsMs.length + 1);
      expect(Math.min(...histogram.counts)).toBe(0);
      expect(sum(histogram.counts)).toBe(count);
    }
  });
});
