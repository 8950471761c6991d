import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ClientUnaryCall, status } from '@grpc/grpc-js';
import { describe, expect, it } from 'vitest';
import { AnchoredClock, takeClockAnchor } from '../../../src/base/clock.ts';
import { Limits } from '../../../src/base/limits.ts';
import { createMetricMemory } from '../../../src/base/metric-words.ts';
import type { RunningServer, StartOptions } from '../../../src/index.ts';
import { AnswerCounts } from '../../../src/protocol/grpc/answer-counts.ts';
import { silentLogger } from '../../../src/server/logger.ts';
import { ArrivalCounts } from '../../../src/server/metrics/door-metrics.ts';
import { ServerMetrics } from '../../../src/server/metrics/server-metrics.ts';
import { SessionDirectory } from '../../../src/server/session-directory.ts';
import { LockClient, statusOf } from '../../clients/lock-client.ts';
import { ask } from '../admin/admin-request.ts';
import { afterwards, connect, runServer } from '../running-server.ts';
import { type Family, parseScrape, sumIn } from './prometheus-text.ts';

type Served = RunningServer & { readonly address: string };
type Scrape = ReadonlyMap<string, Family>;

const serve = (options: StartOptions = {}): Promise<Served> =>
  runServer({ adminListenAddress: '127.0.0.1:0', ...options });

async function scrape(server: RunningServer): Promise<Scrape> {
  const { status: code, headers, text } = await ask(server, '/metrics');
  expect(code).toBe(200);
  expect(headers['content-type']).toBe('text/plain; version=0.0.4; charset=utf-8');
  return parseScrape(text);
}

/** Scrapes until the metric has this value. */
async function scrapeWhen(
  server: RunningServer,
  name: string,
  value: number,
  labels: Readonly<Record<string, string>> = {},
): Promise<Scrape> {
  await expect.poll(async () => sumIn(await scrape(server), name, labels), { timeout: 5_000 }).toBe(value);
  return scrape(server);
}

const outcomes = (families: Scrape, method: string): Record<string, number> =>
  Object.fromEntries(
    families
      .get('ldlm_requests_total')!
      .samples.filter(({ labels, value }) => labels['method'] === method && value > 0)
      .map(({ labels, value }) => [labels['outcome'], value]),
  );

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** The names of what is told of an engine that keeps no locks in threads, and of one that does. */
async function namesOf(isSharded: boolean): Promise<readonly string[]> {
  const metrics = new ServerMetrics({
    engine: {
      shards: 1,
      metricMemory: createMetricMemory(1),
      clock: new AnchoredClock(takeClockAnchor()),
      rings: () => ({ requestBytes: 0, replyBytes: 0, requestStalls: 0 }),
    },
    isSharded,
    ...{ sessions: new SessionDirectory(silentLogger()), connections: {}, arrivals: new ArrivalCounts() },
    ...{ answers: new AnswerCounts(), serving: () => true },
  });
  afterwards(() => metrics.close());
  return [...parseScrape(await metrics.scrape()).keys()];
}

describe('a server without shards', () => {
  it('tells of nothing that only shards have, and of all else', async () => {
    const [without, sharded] = [await namesOf(false), await namesOf(true)];
    expect(sharded.filter((name) => !without.includes(name)).sort()).toEqual([
      'ldlm_collections_total',
      'ldlm_journal_sync_seconds',
      'ldlm_journal_used_bytes',
      'ldlm_journal_written_bytes_total',
      'ldlm_ring_size_bytes',
      'ldlm_ring_stalls_total',
      'ldlm_ring_used_bytes',
      'ldlm_shard_heartbeat_age_seconds',
      'ldlm_shard_locks',
      'ldlm_shard_longest_turn_seconds',
      'ldlm_shard_requests_total',
      'ldlm_shard_slept_seconds_total',
      'ldlm_shard_turns_total',
    ]);
    expect(without.every((name) => sharded.includes(name))).toBe(true);
    expect(without).toEqual(expect.arrayContaining(['ldlm_holders', 'ldlm_requests_total', 'ldlm_serving']));
  });
});

describe('a scrape', () => {
  it('is what Prometheus reads, and knows the process too', async () => {
    const server = await serve();
    const families = await scrape(server);
    expect(sumIn(families, 'ldlm_build_info', { version: '0.1.0', node: process.version })).toBe(1);
    expect(sumIn(families, 'ldlm_serving')).toBe(1);
    for (const name of [
      'process_cpu_seconds_total',
      'process_resident_memory_bytes',
      'ldlm_main_loop_lag_seconds',
      'nodejs_heap_size_used_bytes',
    ]) {
      expect(sumIn(families, name), name).toBeGreaterThanOrEqual(0);
    }
    for (const { name, help } of families.values()) {
      if (name.startsWith('ldlm_')) expect(help, name).toMatch(/^[A-Z0-9].*\.$/);
    }
  });

  it('counts each call by its method and how it ended', async () => {
    const server = await serve();
    const [one, two] = [connect(server.address), connect(server.address)];
    const { key } = await one.lock({ name: 'a', lock_timeout_seconds: 60 });
    await one.tryLock({ name: 'b' });
    await two.tryLock({ name: 'a' });
    await two.tryLock({ name: 'a' });
    await two.tryLock({ name: 'a', size: 2 });
    await two.lock({ name: 'a', size: 0 });
    await two.lock({ name: '' });
    await two.lock({ name: 'a', wait_timeout_ms: 20 });
    await statusOf(two.lock({ name: 'a' }, { deadline: Date.now() + 50 }));
    await one.call('Renew', { name: 'a', key, lock_timeout_seconds: 60 });
    await one.call('RefreshLock', { name: 'a', key, lock_timeout_seconds: 60 });
    await one.call('Renew', { name: 'b', key, lock_timeout_seconds: 60 });
    await one.unlock('none', key);
    await one.unlock('a', '00000000-0000-4000-8000-000000000000');
    const requestId = Buffer.from('request-1');
    const first = statusOf(two.lock({ name: 'a', request_id: requestId }));
    await scrapeWhen(server, 'ldlm_waiters', 1);
    const second = one.lock({ name: 'a', request_id: requestId });
    expect((await first).code).toBe(status.ABORTED);
    await one.unlock('a', key);
    await second;
    await one.tryLock({ name: 'a', request_id: requestId });

    // The server gives up a call at its deadline by itself; grpc-js may have told its caller before.
    const families = await scrapeWhen(server, 'ldlm_waiters', 0);
    const lock = outcomes(families, 'Lock');
    const gone = (lock['deadline'] ?? 0) + sumIn(families, 'ldlm_waiters_left_total');
    expect(gone).toBe(1);
    expect({ ...lock, deadline: 1 }).toEqual({
      ...{ ok: 2, Unknown: 1, InvalidLockSize: 1, LockWaitTimeout: 1, deadline: 1, superseded: 1 },
    });
    expect(outcomes(families, 'TryLock')).toEqual({ ok: 2, held: 2, LockSizeMismatch: 1 });
    expect(outcomes(families, 'Unlock')).toEqual({ ok: 1, LockDoesNotExist: 1, InvalidLockKey: 1 });
    expect(outcomes(families, 'Renew')).toEqual({ ok: 2, LockDoesNotExistOrInvalidKey: 1 });
    const answered = sumIn(families, 'ldlm_requests_total');
    const left = sumIn(families, 'ldlm_waiters_left_total');
    expect(sumIn(families, 'ldlm_shard_requests_total')).toBe(answered + left);
    expect(sumIn(families, 'ldlm_renewals_total')).toBe(2);
    expect(sumIn(families, 'ldlm_wait_timeouts_total')).toBe(1);
    expect(sumIn(families, 'ldlm_repeats_total')).toBe(2);
  });

  it('adds up: grants, those that hold, those that ended, and how long they did', async () => {
    const server = await serve();
    const [one, leaving] = [connect(server.address), new LockClient(server.address)];
    const keys: string[] = [];
    for (let i = 0; i < 20; i++) keys.push((await one.lock({ name: `held/${i}` })).key);
    for (let i = 0; i < 5; i++) await one.unlock(`held/${i}`, keys[i]!);
    for (let i = 0; i < 3; i++) await one.lock({ name: `short/${i}`, lock_timeout_ms: 30 });
    for (let i = 0; i < 4; i++) await leaving.lock({ name: `left/${i}` });
    leaving.close();
    await scrapeWhen(server, 'ldlm_releases_total', 4, { cause: 'session_ended' });
    const families = await scrapeWhen(server, 'ldlm_releases_total', 3, { cause: 'expired' });
    const value = (name: string, labels = {}): number => sumIn(families, name, labels);
    expect(value('ldlm_grants_total')).toBe(27);
    expect(value('ldlm_releases_total', { cause: 'unlocked' })).toBe(5);
    expect(value('ldlm_holders')).toBe(15);
    expect(value('ldlm_holders')).toBe(server.stats().holders);
    expect(value('ldlm_grants_total') - value('ldlm_releases_total')).toBe(value('ldlm_holders'));
    expect(value('ldlm_lock_wait_seconds_count')).toBe(value('ldlm_grants_total'));
    expect(value('ldlm_lock_hold_seconds_count')).toBe(value('ldlm_releases_total'));
    // Three were held until they expired after 30 ms, and no longer than a busy machine makes of it.
    expect(value('ldlm_lock_hold_seconds_sum')).toBeGreaterThan(0.09);
    expect(value('ldlm_locks')).toBe(27);
    expect(value('ldlm_shard_locks')).toBe(27);
    expect(value('ldlm_shard_requests_total')).toBe(value('ldlm_requests_total'));
    for (const shard of ['0', '1']) {
      expect(value('ldlm_shard_requests_total', { shard })).toBeGreaterThan(0);
    }
  });

  it('knows how long calls waited, and the longest queue', async () => {
    const server = await serve();
    const [holder, waiter] = [connect(server.address), connect(server.address)];
    const { key } = await holder.lock({ name: 'hot' });
    await holder.lock({ name: 'warm' });
    const calls: ClientUnaryCall[] = [];
    const wait = (name: string) => waiter.call('Lock', { name }, {}, (call) => calls.push(call));
    const waiting = ['hot', 'hot', 'hot', 'warm'].map(wait);
    // All but one are still waiting when they are given up.
    for (const call of waiting) call.catch(() => {});
    const before = await scrapeWhen(server, 'ldlm_waiters', 4);
    expect(sumIn(before, 'ldlm_longest_queue')).toBe(3);
    await sleep(150);
    await holder.unlock('hot', key);
    await Promise.race(waiting);
    const families = await scrapeWhen(server, 'ldlm_longest_queue', 2);
    const upTo = (le: string): number => sumIn(families, 'ldlm_lock_wait_seconds_bucket', { le });
    expect([upTo('0.001'), upTo('0.128'), upTo('+Inf')]).toEqual([2, 2, 3]);
    expect(sumIn(families, 'ldlm_lock_wait_seconds_sum')).toBeGreaterThan(0.14);
    for (const call of calls) call.cancel();
    const after = await scrapeWhen(server, 'ldlm_waiters', 0);
    expect(sumIn(after, 'ldlm_longest_queue')).toBe(0);
    expect(sumIn(after, 'ldlm_waiters_left_total')).toBe(3);
  });

  it('knows who is connected, and what was answered at the door', async () => {
    const server = await serve({ password: 'secret' });
    const authorization = `Basic ${Buffer.from('x:secret').toString('base64')}`;
    const read = async (): Promise<Scrape> => {
      const { text } = await ask(server, '/metrics', { headers: { authorization } });
      return parseScrape(text);
    };
    expect((await ask(server, '/metrics')).status).toBe(401);
    const friend = connect(server.address, { password: 'secret' });
    await friend.tryLock({ name: 'a' });
    const stranger = connect(server.address, { password: 'wrong' });
    for (let i = 0; i < 3; i++) await statusOf(stranger.tryLock({ name: 'a' }));
    const families = await read();
    expect(sumIn(families, 'ldlm_grpc_answers_total', { status: 'Unauthenticated' })).toBe(3);
    expect(sumIn(families, 'ldlm_grpc_answers_total')).toBe(3);
    expect(sumIn(families, 'ldlm_connections', { protocol: 'grpc' })).toBe(2);
    expect(sumIn(families, 'ldlm_connections', { protocol: 'admin' })).toBeGreaterThan(0);
    expect(sumIn(families, 'ldlm_sessions', { protocol: 'grpc' })).toBe(2);
    expect(sumIn(families, 'ldlm_shard_requests_total')).toBe(1);
    friend.close();
    await expect.poll(async () => sumIn(await read(), 'ldlm_connections', { protocol: 'grpc' })).toBe(1);
    expect(sumIn(await read(), 'ldlm_sessions_started_total', { protocol: 'grpc' })).toBe(2);
  });

  it('knows what the state file costs, and that its locks came from there', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'ldlm-metrics-'));
    afterwards(() => rmSync(folder, { recursive: true }));
    const stateFile = join(folder, 'state');
    const server = await serve({ stateFile, shards: 1 });
    const before = await scrape(server);
    const client = connect(server.address);
    for (let i = 0; i < 10; i++) await client.lock({ name: `kept/${i}`, lock_timeout_seconds: 600 });
    const families = await scrape(server);
    const grown = (name: string): number => sumIn(families, name) - sumIn(before, name);
    expect(grown('ldlm_journal_sync_seconds_count')).toBe(10);
    expect(grown('ldlm_journal_sync_seconds_sum')).toBeGreaterThan(0);
    expect(grown('ldlm_journal_used_bytes')).toBeGreaterThan(10 * 50);
    expect(grown('ldlm_journal_written_bytes_total')).toBeGreaterThanOrEqual(
      grown('ldlm_journal_used_bytes'),
    );
    await server.close();

    const again = await scrape(await serve({ stateFile, shards: 1 }));
    expect(sumIn(again, 'ldlm_holders')).toBe(10);
    expect(sumIn(again, 'ldlm_grants_total')).toBe(0);
    expect(sumIn(again, 'ldlm_lock_wait_seconds_count')).toBe(0);
  });

  it('knows how the threads are', async () => {
    const server = await serve();
    await connect(server.address).tryLock({ name: 'a' });
    await sleep(1_100);
    const families = await scrape(server);
    for (const shard of ['0', '1']) {
      expect(sumIn(families, 'ldlm_shard_heartbeat_age_seconds', { shard })).toBeLessThan(1.5);
      expect(sumIn(families, 'ldlm_shard_turns_total', { shard })).toBeGreaterThan(0);
      expect(sumIn(families, 'ldlm_shard_slept_seconds_total', { shard })).toBeGreaterThan(0.5);
      for (const ring of ['request', 'reply']) {
        expect(sumIn(families, 'ldlm_ring_used_bytes', { shard, ring })).toBe(0);
        expect(sumIn(families, 'ldlm_ring_stalls_total', { shard, ring })).toBe(0);
      }
    }
    const longest = families.get('ldlm_shard_longest_turn_seconds')!.samples.map(({ value }) => value);
    expect(Math.max(...longest)).toBeGreaterThan(0);
    expect(Math.max(...longest)).toBeLessThan(1);
    expect(sumIn(families, 'ldlm_ring_size_bytes')).toBe(Limits.ringBytes);
  });
});
