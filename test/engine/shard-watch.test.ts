import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { createMetricMemory, MetricWord, metricWordsOf } from '../../src/base/metric-words.ts';
import { ShardPort } from '../../src/engine/shard-port.ts';
import { ShardFailedError, ShardWatch } from '../../src/engine/shard-watch.ts';
import { createRingMemory } from '../../src/ring/ring-layout.ts';
import { RingReader } from '../../src/ring/ring-reader.ts';
import { RingWriter } from '../../src/ring/ring-writer.ts';
import { RequestKind } from '../../src/shard/request-record.ts';

const watches: ShardWatch[] = [];

afterEach(() => {
  for (const watch of watches.splice(0)) watch.close();
});

/** A watch over two ports that no thread reads; it looks every `stallLimitMs` / 8. */
function openWatch(stallLimitMs: number) {
  const memories = [createRingMemory(1024), createRingMemory(1024)];
  const ports = memories.map((memory) => new ShardPort(new RingWriter(memory)));
  const readers = memories.map((memory) => new RingReader(memory));
  const metricMemory = createMetricMemory(2);
  const health: [shard: number, healthy: boolean][] = [];
  const stalled: ShardFailedError[] = [];
  const time = { skipMs: 0 };
  const clock = { nowMs: () => performance.now() + time.skipMs };
  const watch = new ShardWatch(ports, metricMemory, clock, stallLimitMs, {
    health: (shard, healthy) => health.push([shard, healthy]),
    stalled: (error) => {
      stalled.push(error);
      watch.close();
    },
  });
  watches.push(watch);
  const give = (shard: number): void => {
    ports[shard]!.tell(RequestKind.Cancel, 1, 1, null);
    ports[shard]!.flush();
  };
  const beat = (shard: number): void => {
    metricWordsOf(metricMemory, shard)[MetricWord.HeartbeatMs]! += 1;
  };
  const read = (shard: number): void => {
    while (readers[shard]!.next() >= 0);
    readers[shard]!.release();
  };
  return { health, stalled, time, give, beat, read };
}

describe('ShardWatch', () => {
  it('condemns a shard that has work and begins no turn, not its neighbour', async () => {
    const { health, stalled, give } = openWatch(160);
    give(1);
    await sleep(320);
    expect(health).toEqual([[1, false]]);
    expect(stalled).toHaveLength(1);
    expect(stalled[0]).toBeInstanceOf(ShardFailedError);
    expect(stalled[0]).toMatchObject({
      code: 'LDLM_SHARD_FAILED',
      shard: 1,
      message: expect.stringContaining('shard 1'),
    });
  });

  it('is content with turns, though the work does not end', async () => {
    const { health, stalled, give, beat } = openWatch(400);
    give(0);
    for (let i = 0; i < 20; i++) {
      await sleep(30);
      beat(0);
    }
    expect([health, stalled]).toEqual([[], []]);
  });

  it('tells when a shard comes round again', async () => {
    const { health, stalled, give, read } = openWatch(800);
    give(0);
    await sleep(600);
    expect(health).toEqual([[0, false]]);
    read(0);
    await sleep(200);
    expect(health).toEqual([
      [0, false],
      [0, true],
    ]);
    expect(stalled).toEqual([]);
  });

  it('does not count time in which the whole process stood still', async () => {
    const { health, stalled, time, give, read } = openWatch(400);
    give(0);
    await sleep(60);
    time.skipMs = 3_600_000;
    await sleep(60);
    read(0);
    await sleep(100);
    expect([health, stalled]).toEqual([[], []]);
  });
});
