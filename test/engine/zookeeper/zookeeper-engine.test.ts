import { describe, expect, it } from 'vitest';
import { GrpcStatus } from '../../../src/contract/grpc-status.ts';
import { Method } from '../../../src/contract/method.ts';
import { Refusals } from '../../../src/contract/refusal.ts';
import { ReplyForm } from '../../../src/core/reply-form.ts';
import { LockPaths } from '../../../src/engine/zookeeper/lock-place.ts';
import { isolate, type ModelServer, newRoom, openServers, openTwo } from './open-over-model.ts';

const UNAVAILABLE = { status: GrpcStatus.Unavailable, granted: false };

describe('an engine whose session with ZooKeeper is over', () => {
  it('ends who waits, and names the sessions that have lost locks, once they have all answers', async () => {
    const { one, two } = await openTwo();
    const { caller } = one;
    await caller.acquire({ name: 'a' }, 1);
    await caller.acquire({ name: 'b' }, 2);
    await caller.acquire({ name: 'b2' }, 2);
    await two.caller.acquire({ name: 'c' });
    const waiter = caller.send('Lock', { name: 'c' }, { session: 3 });
    await one.pass(50);
    isolate(one, 3_000);
    await caller.until(() => one.losers.length > 0);
    expect(one.losers).toEqual([new Set([1, 2])]);
    expect(caller.hasReply(waiter)).toBe(true);
    expect(await caller.replyTo(waiter)).toMatchObject(UNAVAILABLE);
    await one.pass(4_000);
    expect(one.losers).toHaveLength(1);
    expect(caller.suspensions.map(({ suspended }) => suspended)).toEqual([true, false]);
    expect(await two.caller.ask('TryLock', { name: 'a' })).toMatchObject({ locked: true });
    expect(await caller.ask('TryLock', { name: 'a' })).toEqual({ name: 'a' });
  });

  it('names nobody for what is no session’s, as what was brought back after a restart', async () => {
    const { one } = await openTwo();
    await one.caller.acquire({ name: 'a' }, 0);
    await one.caller.acquire({ name: 'b' }, 4);
    isolate(one, 3_000);
    await one.caller.until(() => one.losers.length > 0);
    expect(one.losers).toEqual([new Set([4])]);
  });

  it('knows no key of what is lost', async () => {
    const { one, two } = await openTwo();
    const key = await one.caller.acquire({ name: 'a', lock_timeout_seconds: 60 });
    isolate(one, 1_500);
    await one.pass(3_000);
    const next = await two.caller.acquire({ name: 'a' });
    for (const { caller } of [one, two]) {
      const unlock = await caller.ask('Unlock', { name: 'a', key });
      expect(unlock.error?.code).toBe(Refusals.invalidKey.code);
      const renewal = await caller.ask('Renew', { name: 'a', key, lock_timeout_seconds: 60 });
      expect(renewal.error?.code).toBe(Refusals.invalidKeyOnRenew.code);
    }
    expect(await one.caller.ask('Unlock', { name: 'a', key: next })).toMatchObject({ unlocked: true });
  });
});

describe('an engine whose locks end with it', () => {
  it('sees to the leases of another one whose locks outlive it, when that is gone', async () => {
    const room = newRoom();
    const [one] = (await openServers(room, 1)) as [ModelServer];
    const [two] = (await openServers(room, 1, { keepOnSessionEnd: true })) as [ModelServer];
    await two.caller.acquire({ name: 'a', lock_timeout_ms: '3000' });
    isolate(two, 60_000);
    await one.pass(3_000);
    expect(await one.caller.ask('TryLock', { name: 'a' })).toEqual({ name: 'a' });
    await one.pass(3_000);
    expect(await one.caller.ask('TryLock', { name: 'a' })).toMatchObject({ locked: true });
  });
});

describe('how long an engine can answer for its locks', () => {
  it('is what is left of its session, and nothing of that where there is none', async () => {
    const { one } = await openTwo();
    const before = one.engine.certainMs!;
    expect(Number.isInteger(before)).toBe(true);
    expect(before).toBeLessThanOrEqual(1_000);
    isolate(one, 1_500);
    await one.pass(200);
    expect(one.engine.certainMs).toBeLessThanOrEqual(before - 200);
    expect(one.engine.certainMs).toBeGreaterThanOrEqual(1);
    await one.pass(1_000);
    expect(one.engine.certainMs).toBeNull();
    await one.pass(2_000);
    expect(one.engine.certainMs).toBeGreaterThanOrEqual(1);
  });

  it('is not said of locks that outlive it', async () => {
    const [one] = (await openServers(newRoom(), 1, { keepOnSessionEnd: true })) as [ModelServer];
    expect(one.engine.certainMs).toBeNull();
  });
});

describe('an engine that cannot reach ZooKeeper', () => {
  it('says so to whoever comes, and goes on with what it had when the connection is back', async () => {
    const { one, two } = await openTwo();
    const { caller } = one;
    const key = await caller.acquire({ name: 'a' });
    const theirs = await two.caller.acquire({ name: 'b' });
    const waiter = caller.send('Lock', { name: 'b' });
    await one.pass(50);
    isolate(one, 400);
    await one.pass(50);
    for (const [method, message] of [
      ['Lock', { name: 'x' }],
      ['TryLock', { name: 'x' }],
      ['Unlock', { name: 'a', key }],
      ['Renew', { name: 'a', key, lock_timeout_ms: '5' }],
    ] as const)
      expect(await caller.replyTo(caller.send(method, message))).toMatchObject(UNAVAILABLE);
    await one.pass(600);
    expect([one.losers, caller.hasReply(waiter)]).toEqual([[], false]);
    expect(await caller.ask('Unlock', { name: 'a', key })).toMatchObject({ unlocked: true });
    await two.caller.ask('Unlock', { name: 'b', key: theirs });
    expect(await caller.answerTo(waiter)).toMatchObject({ locked: true });
  });
});

describe('two engines', () => {
  it('know each other’s holders by their keys, and take no waiter for one', async () => {
    const { ensemble, one, two } = await openTwo();
    const key = await one.caller.acquire({ name: 'a' });
    const waiter = one.caller.send('Lock', { name: 'a', request_id: Buffer.from('a waiter') });
    await one.pass(50);
    const [, waiting] = ensemble.server.tree.children(new LockPaths().placeOf('a').base);
    const waitersKey = /_c_(.*)-__WRIT__/.exec(waiting!)![1]!;
    expect((await two.caller.ask('Unlock', { name: 'a', key: waitersKey })).error?.code).toBe(
      Refusals.invalidKey.code,
    );
    await one.pass(100);
    expect(one.caller.hasReply(waiter)).toBe(false);
    expect(await two.caller.ask('Unlock', { name: 'a', key })).toMatchObject({ unlocked: true });
    expect(await one.caller.answerTo(waiter)).toMatchObject({ locked: true, key: waitersKey });
  });

  it('heed what the other one has renewed, longer or shorter', async () => {
    const { one, two } = await openTwo();
    const renew = (key: string, lock_timeout_ms: string) =>
      two.caller.ask('Renew', { name: 'a', key, lock_timeout_ms });
    const key = await one.caller.acquire({ name: 'a', lock_timeout_ms: '100' });
    expect(await renew(key, '900')).toMatchObject({ locked: true, key });
    await one.pass(700);
    expect(await two.caller.ask('TryLock', { name: 'a' })).toEqual({ name: 'a' });
    expect(await renew(key, '50')).toMatchObject({ locked: true });
    await one.pass(150);
    expect(await two.caller.ask('TryLock', { name: 'a' })).toMatchObject({ locked: true });
  });

  it('grant a request at one of them only', async () => {
    const { one, two } = await openTwo();
    const request = { name: 'a', request_id: Buffer.from('request 1') };
    await one.caller.acquire(request, 5);
    for (const method of ['Lock', 'TryLock'] as const) {
      const repeat = two.caller.send(method, request);
      expect(await two.caller.replyTo(repeat)).toMatchObject(UNAVAILABLE);
    }
    one.caller.endSession(5);
    await one.pass(50);
    expect(await two.caller.ask('Lock', request)).toMatchObject({ locked: true });
  });
});

describe('a call whose number was used before', () => {
  it.each(['Unlock', 'Renew'] as const)('takes nothing back when it is given up: %s', async (method) => {
    const { one, two } = await openTwo();
    const { caller, engine } = one;
    const lock = caller.send('Lock', { name: 'a' });
    expect(await caller.answerTo(lock)).toMatchObject({ locked: true });
    // REST numbers calls by slots, which are free for the next call when one has its answer.
    const call = Buffer.from(`\n\x01b\x12\x24${'0'.repeat(36)}`, 'latin1');
    const number = Method[method];
    engine.submit(
      ...([number, ReplyForm.Protobuf, 0, lock.call, lock.session] as const),
      ...([Number.POSITIVE_INFINITY, call, 0, call.length] as const),
    );
    caller.cancel(lock);
    await one.pass(100);
    expect(await two.caller.ask('TryLock', { name: 'a' })).toEqual({ name: 'a' });
  });
});
