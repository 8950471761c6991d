import { describe, expect, it, vi } from 'vitest';
import { Limits } from '../../../src/base/limits.ts';
import type { ServerSample } from '../../../src/contract/dashboard.ts';
import type { WatchStep } from '../../../src/contract/lock-info.ts';
import { pageRoutes } from '../../../src/server/admin/page-routes.ts';
import { silentLogger } from '../../../src/server/logger.ts';
import { event, eventStep, holder, lock, lockStep, step } from '../../page/claims.ts';
import { afterwards } from '../running-server.ts';
import { openRoutes } from './admin-request.ts';
import { EventReader } from './event-reader.ts';
import { RecordedWatch } from './recorded-watch.ts';

const shard = { locks: 0, holders: 0, waiters: 0, requests: 0, grants: 0, releases: 0, expiries: 0 };
const histogram = { boundsMs: [1], counts: [0, 0] };

function sampleOf(locks: number): ServerSample {
  const shards = [{ ...shard, locks, holders: locks }];
  return { timeMs: 1, connections: 0, sessions: 0, shards, waited: histogram, held: histogram };
}

/** A stream that tells what the test says. */
async function openStream(path = '/api/events', heldCount = 0) {
  const watch = new RecordedWatch();
  const routes = pageRoutes({
    inspector: watch,
    sample: () => sampleOf(heldCount),
    files: [],
    logger: silentLogger(),
  });
  const { adminAddresses, http } = await openRoutes(routes);
  const reader = new EventReader(adminAddresses[0]!, path);
  await reader.until(({ event: type }) => type === 'stats');
  return { watch, reader, http, address: adminAddresses[0]! };
}

const grant = eventStep(event('granted', holder(1, { key: '0123456789abcdef' }), [1, 0]));
const big: WatchStep = lockStep(lock('x'.repeat(60_000), [holder(1)]));

/** Tells until the watch is paused. The system's own buffers take some megabytes first. */
async function fill(watch: RecordedWatch): Promise<void> {
  while (!watch.calls.includes('pause')) {
    watch.tell(big);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

describe('an event stream', () => {
  it('is one of events that are not to be kept, and tells of the server at once', async () => {
    const { reader, watch } = await openStream();
    expect(reader.status).toBe(200);
    expect(reader.headers).toMatchObject({
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store',
    });
    expect(reader.events).toStrictEqual([{ event: 'stats', data: sampleOf(0) }]);
    expect([watch.calls, watch.prefix]).toStrictEqual([['watch'], '']);
  });

  it('tells the server’s numbers every second', async () => {
    const { reader } = await openStream();
    await reader.waitFor(() => reader.events.length >= 3);
    expect(reader.events.map((message) => message.event)).toStrictEqual(['stats', 'stats', 'stats']);
  });

  it('gathers steps, and tells them in order with the beginnings of keys', async () => {
    const { reader, watch } = await openStream();
    watch.tell(step('snapshotBegin'));
    watch.tell(lockStep(lock('a', [holder(1, { key: 'abcdefghijkl' })])), step('snapshotEnd'));
    watch.tell(grant);
    await reader.waitFor(() => reader.steps.length >= 4);
    expect(reader.events.filter((message) => message.event === 'steps').length).toBe(1);
    expect(reader.steps.map(({ kind }) => kind)).toStrictEqual([
      'snapshotBegin',
      'lock',
      'snapshotEnd',
      'event',
    ]);
    expect(reader.steps[1]).toMatchObject({ lock: { holders: [{ key: 'abcdefgh' }] } });
    expect(reader.steps[3]).toMatchObject({ event: { claim: { key: '01234567' } } });
    expect(JSON.stringify(reader.events)).not.toContain('012345678');
  });

  it('tells much in messages of a bounded length', async () => {
    const { reader, watch } = await openStream();
    watch.tell(...Array.from({ length: 1_000 }, () => grant));
    await reader.waitFor(() => reader.steps.length >= 1_000);
    const lengths = reader.events.map(({ data }) => JSON.stringify(data).length);
    expect(Math.max(...lengths)).toBeLessThan(Limits.eventCharactersMax + 1_000);
    expect(lengths.length).toBeGreaterThan(10);
  });

  it('watches names with a prefix, or none at all', async () => {
    expect((await openStream('/api/events?prefix=a%2Fb')).watch.prefix).toBe('a/b');
    expect((await openStream('/api/events?locks=false')).watch.calls).toStrictEqual([]);
  });

  it('ends its watch when its reader goes, and ends with the listener', async () => {
    const gone = await openStream();
    gone.reader.close();
    await expect.poll(() => gone.watch.calls).toStrictEqual(['watch', 'close']);
    const ended = await openStream();
    await ended.http.close();
    await ended.reader.closed();
    expect(ended.watch.calls).toStrictEqual(['watch', 'close']);
  });
});

describe('a reader that does not read', () => {
  it('has its watch paused, and resumed when it reads again', async () => {
    const { reader, watch } = await openStream();
    reader.stopReading();
    await fill(watch);
    expect(watch.calls).toStrictEqual(['watch', 'pause']);
    reader.readOn();
    await expect.poll(() => watch.calls).toStrictEqual(['watch', 'pause', 'resume']);
  });

  it('is cut off after a while', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    afterwards(() => vi.useRealTimers());
    const { reader, watch } = await openStream();
    reader.stopReading();
    await fill(watch);
    vi.advanceTimersByTime(Limits.outputStalledMsMax - 1);
    await new Promise((resolve) => setImmediate(resolve));
    expect(watch.calls).toStrictEqual(['watch', 'pause']);
    vi.advanceTimersByTime(1);
    reader.readOn();
    await reader.closed();
    await vi.waitFor(() => expect(watch.calls).toStrictEqual(['watch', 'pause', 'close']));
  });

  it('is cut off at once when more waits for it than may', async () => {
    const { reader, watch } = await openStream();
    reader.stopReading();
    // A shard that has not heard of the pause yet.
    watch.tell(...Array.from({ length: 400 }, () => big));
    await expect.poll(() => watch.calls.at(-1)).toBe('close');
    reader.readOn();
    await reader.closed();
  });
});

describe('a stream of too much', () => {
  const events = (count: number): WatchStep[] => Array.from({ length: count }, () => grant);

  it('rests for a while when more happens than a page can follow', async () => {
    const { reader, watch } = await openStream();
    watch.tell(...events(Limits.eventsPerSecondMax - 1));
    expect(watch.calls).toStrictEqual(['watch']);
    watch.tell(...events(1));
    expect(watch.calls).toStrictEqual(['watch', 'pause']);
    await expect
      .poll(() => watch.calls, { timeout: Limits.eventsPauseMs + 1_000 })
      .toStrictEqual(['watch', 'pause', 'resume']);
    reader.close();
  });

  it('counts each second anew', async () => {
    const { reader, watch } = await openStream();
    watch.tell(...events(Limits.eventsPerSecondMax - 1));
    const samples = () => reader.events.filter((message) => message.event === 'stats').length;
    const before = samples();
    await reader.waitFor(() => samples() > before);
    watch.tell(...events(Limits.eventsPerSecondMax - 1));
    expect(watch.calls).toStrictEqual(['watch']);
  });

  it('tells of no locks when there are too many, but of those with a prefix', async () => {
    const many = Limits.shownLocksMax + 1;
    const { reader, watch } = await openStream('/api/events', many);
    const { data } = await reader.until((message) => message.event === 'withheld');
    expect(data).toStrictEqual({ count: many, locksMax: Limits.shownLocksMax });
    expect(watch.calls).toStrictEqual([]);
    expect((await openStream('/api/events?prefix=a', many)).watch.calls).toStrictEqual(['watch']);
    expect((await openStream('/api/events', many - 1)).watch.calls).toStrictEqual(['watch']);
  });

  it('stops to tell of locks when the snapshot has too many', async () => {
    const { reader, watch } = await openStream('/api/events?prefix=a');
    const locks = (count: number, from: number) =>
      Array.from({ length: count }, () => lockStep(lock('a', [], [], { shard: from })));
    // The second snapshot of a shard replaces its first one.
    watch.tell(step('snapshotBegin', 0), ...locks(Limits.shownLocksMax - 1, 0));
    watch.tell(step('snapshotBegin', 1), ...locks(1, 1));
    watch.tell(step('snapshotBegin', 1), ...locks(1, 1));
    expect(watch.calls).toStrictEqual(['watch']);
    watch.tell(...locks(1, 0));
    expect(watch.calls).toStrictEqual(['watch', 'close']);
    const { data } = await reader.until((message) => message.event === 'withheld');
    expect(data).toStrictEqual({ count: Limits.shownLocksMax + 1, locksMax: Limits.shownLocksMax });
  });
});
