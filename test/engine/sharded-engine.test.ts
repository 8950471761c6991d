import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { MetricWord } from '../../src/base/metric-words.ts';
import type { ShardedEngineOptions } from '../../src/engine/sharded-engine.ts';
import { describeEngine } from './contract.ts';
import { type EngineCall, EngineCaller } from './engine-caller.ts';
import { nameOfShard } from './names-of-shards.ts';
import { openSharded } from './open-sharded.ts';

describeEngine('the sharded engine', openSharded);

const POISON_URL = new URL('poison-worker.mjs', import.meta.url);
const SETTINGS = { keepOnSessionEnd: false, gcIntervalMs: 3_600_000, gcMinIdleMs: 3_600_000 };

const callers: EngineCaller[] = [];

async function openPoisonable(options: Partial<ShardedEngineOptions> = {}) {
  const caller = new EngineCaller();
  callers.push(caller);
  const open = await openSharded(SETTINGS, caller, { workerUrl: POISON_URL, ...options });
  caller.attach(open);
  return { caller, engine: open.engine };
}

/** Submits requests for shard 0 until it takes none, however short. */
function fillRing(caller: EngineCaller, session: number): EngineCall[] {
  const name = nameOfShard('f', 0);
  const calls: EngineCall[] = [];
  for (const message of [{ name, holder: 'h'.repeat(200) }, { name }]) {
    for (;;) {
      const call = caller.send('TryLock', message, { session });
      if (call.shard < 0) break;
      calls.push(call);
    }
  }
  return calls;
}

afterEach(async () => {
  for (const caller of callers.splice(0)) await caller.engine.close();
});

describe('a shard that does not read', () => {
  it('has requests refused, tells when it has room, and loses nothing', { timeout: 30_000 }, async () => {
    const { caller, engine } = await openPoisonable();
    const held = nameOfShard('held', 0);
    const session = 5;
    await caller.acquire({ name: held }, session);
    const poison = caller.send('TryLock', { name: nameOfShard('poison:sleep:400', 0) });
    const calls = fillRing(caller, session);
    expect(calls.length).toBeGreaterThan(1000);
    // The other shard takes requests all the while.
    expect(await caller.ask('TryLock', { name: nameOfShard('other', 1) })).toMatchObject({ locked: true });
    expect(caller.hasReply(poison)).toBe(false);
    caller.cancel(calls[0]!);
    caller.endSession(session);
    expect(caller.send('TryLock', { name: held }, { session: 6 }).shard).toBe(-1);
    await caller.until(() => caller.rooms.length > 0);
    expect(caller.rooms).toEqual([0]);
    expect(await caller.ask('TryLock', { name: held }, { session: 6 })).toMatchObject({ locked: true });
    // Each of the session's requests has been worked off before its end, and each has had its one reply.
    for (const call of calls) expect((await caller.replyTo(call)).status).toBe(0);
    expect(engine.sumOf(MetricWord.Holders)).toBe(3);
    expect(caller.failures).toEqual([]);
  });

  it('offers room also when nothing that it took has a reply', { timeout: 30_000 }, async () => {
    const { caller } = await openPoisonable();
    const name = nameOfShard('wait', 0);
    await caller.acquire({ name });
    caller.send('TryLock', { name: nameOfShard('poison:sleep:200', 0) });
    let sent = 0;
    while (caller.send('Lock', { name, holder: 'h'.repeat(200) }, { session: 9 }).shard >= 0) sent++;
    await caller.until(() => caller.rooms.length > 0, 5_000);
    expect(caller.rooms).toEqual([0]);
    await caller.settle(name);
    caller.endSession(9);
    await caller.settle(name);
    expect(sent).toBeGreaterThan(1000);
  });

  it('stands still for 5 s under load of all, loses nothing, and is unhealthy meanwhile', {
    timeout: 60_000,
  }, async () => {
    const health: [shard: number, healthy: boolean][] = [];
    const onHealth = (shard: number, healthy: boolean) => health.push([shard, healthy]);
    const { caller } = await openPoisonable({ stallLimitMs: 8_000, onHealth });
    caller.send('TryLock', { name: nameOfShard('poison:sleep:5000', 0) });
    const calls: EngineCall[][] = [[], []];
    const startMs = performance.now();
    let refused = 0;
    let latencyMs = 0;
    while (performance.now() - startMs < 4_800) {
      for (let i = 0; i < 200; i++) {
        for (const shard of [0, 1]) {
          const method = i % 2 === 0 ? 'TryLock' : 'Unlock';
          const name = nameOfShard(`load/${shard}/${i % 7}`, shard);
          const call = caller.send(method, { name, key: 'none' }, { session: 100 + i });
          if (call.shard >= 0) calls[shard]!.push(call);
          else refused++;
        }
      }
      const askedMs = performance.now();
      await caller.settle(nameOfShard('other', 1));
      latencyMs = Math.max(latencyMs, performance.now() - askedMs);
      await sleep(5);
    }
    expect(refused).toBeGreaterThan(0);
    expect(latencyMs).toBeLessThan(2_000);
    for (const call of calls.flat()) expect((await caller.replyTo(call)).status).toBe(0);
    expect(health[0]).toEqual([0, false]);
    await caller.until(() => health.length > 1);
    expect(health).toEqual([
      [0, false],
      [0, true],
    ]);
    expect(caller.failures).toEqual([]);
    expect(caller.rooms.every((shard) => shard === 0)).toBe(true);
  });
});

describe('a shard that is lost', () => {
  it('is told apart by its number when it never comes round', { timeout: 30_000 }, async () => {
    const health: [shard: number, healthy: boolean][] = [];
    const onHealth = (shard: number, healthy: boolean) => health.push([shard, healthy]);
    const { caller } = await openPoisonable({ stallLimitMs: 600, onHealth });
    caller.send('TryLock', { name: nameOfShard('poison:loop', 1) });
    caller.send('TryLock', { name: nameOfShard('more', 1) });
    await caller.until(() => caller.failures.length > 0);
    expect(caller.failures).toHaveLength(1);
    expect(caller.failures[0]).toMatchObject({ code: 'LDLM_SHARD_FAILED', shard: 1 });
    expect(caller.failures[0]!.message).toMatch(/^shard 1 has made no progress for 0\.[67] s$/);
    expect(health).toEqual([[1, false]]);
    const startMs = performance.now();
    await caller.engine.close();
    expect(performance.now() - startMs).toBeLessThan(1_500);
  });

  it.each([
    ['throw', 'shard 1 died: a poisoned request'],
    ['exit', 'shard 1 died: '],
  ])('is told at once when its thread ends by %s', { timeout: 30_000 }, async (poison, text) => {
    const { caller } = await openPoisonable();
    caller.send('TryLock', { name: nameOfShard(`poison:${poison}`, 1) });
    await caller.until(() => caller.failures.length > 0);
    expect(caller.failures).toHaveLength(1);
    expect(caller.failures[0]).toMatchObject({ code: 'LDLM_SHARD_FAILED', shard: 1 });
    expect(caller.failures[0]!.message.startsWith(text)).toBe(true);
  });

  it('does not keep the engine from closing', { timeout: 30_000 }, async () => {
    const { caller } = await openPoisonable();
    caller.send('TryLock', { name: nameOfShard('poison:loop', 0) });
    const startMs = performance.now();
    await caller.engine.close();
    expect(performance.now() - startMs).toBeLessThan(4_000);
    expect(caller.failures).toEqual([]);
  });

  it('is not one that has nothing to do', { timeout: 30_000 }, async () => {
    const { caller } = await openPoisonable({ stallLimitMs: 100 });
    await sleep(500);
    expect(caller.failures).toEqual([]);
    expect(await caller.ask('TryLock', { name: 'a' })).toMatchObject({ locked: true });
  });
});
