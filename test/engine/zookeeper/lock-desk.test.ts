import { describe, expect, it, vi } from 'vitest';
import { Limits } from '../../../src/base/limits.ts';
import { MetricWord } from '../../../src/base/metric-words.ts';
import { GrpcStatus } from '../../../src/contract/grpc-status.ts';
import { Refusals } from '../../../src/contract/refusal.ts';
import { LockPaths } from '../../../src/engine/zookeeper/lock-place.ts';
import { RandomKeySource } from '../../../src/shard/key-source.ts';
import { TooManyRequestsError } from '../../../src/zookeeper/zookeeper-error.ts';
import { ModelNodes } from '../../zookeeper/model/model-nodes.ts';
import { EngineCaller } from '../engine-caller.ts';
import { openModelEngine } from './model/model-engine.ts';
import { isolate, type ModelServer, newRoom, openServers } from './open-over-model.ts';

async function openTwo() {
  const [one, two] = (await openServers(newRoom(), 2)) as [ModelServer, ModelServer];
  return { one, two };
}

describe('a request that was given up, and is made again by the same id', () => {
  it('does not take the node for its own that is about to vanish', async () => {
    const { one, two } = await openTwo();
    const request = { name: 'a', request_id: Buffer.from('request 1') };
    await one.caller.ask('Unlock', { name: 'a', key: await one.caller.acquire({ name: 'a' }) });
    // Both nodes are made, and none of the answers arrives.
    one.nodes.session.link!.swallows = 'replies';
    const first = one.caller.send('Lock', request);
    await one.pass(1);
    one.caller.cancel(first);
    const repeat = one.caller.send('Lock', request);
    expect(await one.caller.answerTo(repeat)).toMatchObject({ locked: true });
    await one.pass(300);
    expect(await two.caller.ask('TryLock', { name: 'a' })).toEqual({ name: 'a' });
  });
});

describe('a lease that was renewed here and elsewhere', () => {
  it.each<[what: string, again: 'Renew' | 'Lock']>([
    ['renewed', 'Renew'],
    ['asked for once more', 'Lock'],
  ])('is not shortened by what comes late, when it was %s here', async (_what, again) => {
    const room = newRoom({ replicas: 2 });
    const { ensemble } = room;
    let connections = 0;
    vi.spyOn(ensemble, 'anyReplica').mockImplementation(() => ensemble.replicas[connections++ % 2]!);
    const follow = vi.spyOn(ensemble, 'follow').mockImplementation(() => {});
    const [one, two] = (await openServers(room, 2)) as [ModelServer, ModelServer];
    const request = { name: 'a', request_id: Buffer.from('request 1'), lock_timeout_ms: '60000' };
    const key = await one.caller.acquire(request);
    await one.pass(300);
    const shorter = { name: 'a', key, lock_timeout_ms: '50' };
    const elsewhere = two.caller.send('Renew', shorter);
    await two.pass(60);
    const longer = again === 'Renew' ? { ...shorter, lock_timeout_ms: '60000' } : request;
    expect(await one.caller.ask(again, longer)).toMatchObject({ locked: true });
    follow.mockRestore();
    ensemble.follow();
    expect(await two.caller.answerTo(elsewhere)).toMatchObject({ locked: true });
    await one.pass(500);
    expect(await two.caller.ask('TryLock', { name: 'a' })).toEqual({ name: 'a' });
  });
});

describe('a lease that is over here, and was renewed elsewhere', () => {
  it('is given back when its session has ended before that was known', async () => {
    const { one, two } = await openTwo();
    const key = await one.caller.acquire({ name: 'a', lock_timeout_ms: '100' }, 5);
    isolate(one, 500);
    // Nobody has confirmed it, but it is written.
    two.caller.send('Renew', { name: 'a', key, lock_timeout_ms: '60000' });
    await one.pass(150);
    one.caller.endSession(5);
    await one.pass(600);
    expect(await two.caller.ask('TryLock', { name: 'a' })).toMatchObject({ locked: true });
  });

  it('is held until the end of the new lease otherwise', async () => {
    const { one, two } = await openTwo();
    const key = await one.caller.acquire({ name: 'a', lock_timeout_ms: '100' }, 5);
    isolate(one, 500);
    const renewal = { name: 'a', key, lock_timeout_ms: '1000' };
    expect(await two.caller.ask('Renew', renewal)).toMatchObject({ locked: true });
    await one.pass(900);
    expect(await two.caller.ask('TryLock', { name: 'a' })).toEqual({ name: 'a' });
    expect(await one.caller.ask('Unlock', { name: 'a', key })).toMatchObject({ unlocked: true });
  });

  it.each(['100', '200', '300'])('ends with the new lease, also one as short, of %s ms', async (lease) => {
    const { one, two } = await openTwo();
    const key = await one.caller.acquire({ name: 'a', lock_timeout_ms: lease });
    const renewal = { name: 'a', key, lock_timeout_ms: '80' };
    expect(await two.caller.ask('Renew', renewal)).toMatchObject({ locked: true });
    await one.pass(2_000);
    expect(await two.caller.ask('TryLock', { name: 'a' })).toMatchObject({ locked: true });
  });

  it('is neither granted again nor said to be released before that is known', async () => {
    const { one, two } = await openTwo();
    const request = { name: 'a', request_id: Buffer.from('request 1'), lock_timeout_ms: '100' };
    const key = await one.caller.acquire(request);
    const endsMs = one.nowMs() + 100;
    const renewal = two.caller.send('Renew', { name: 'a', key, lock_timeout_ms: '60000' });
    await one.pass(endsMs - one.nowMs());
    // The end of the lease is under way, and finds the node renewed.
    const repeat = one.caller.send('Lock', request);
    expect(await one.caller.replyTo(repeat)).toMatchObject({ status: GrpcStatus.Unavailable });
    expect(await two.caller.answerTo(renewal)).toMatchObject({ locked: true });
    expect(await one.caller.ask('Lock', request)).toMatchObject({ locked: true, key });
  });
});

describe('a node of the same path that another server has made', () => {
  const request = { name: 'a', request_id: Buffer.from('request 1') };

  it('is left alone by a removal whose answer was lost', async () => {
    let cut: 'after' | 'nowhere' = 'nowhere';
    const cutOf = (isWrite: boolean) => (isWrite ? cut : 'nowhere');
    const room = newRoom();
    const [one] = (await openServers(room, 1, { session: { cutOf } })) as [ModelServer];
    const [two, three] = (await openServers(room, 2)) as [ModelServer, ModelServer];
    await one.caller.acquire(request, 5);
    cut = 'after';
    one.nodes.session.isolate(600);
    one.caller.endSession(5);
    // The node above is removed meanwhile, so that numbers begin anew.
    await one.pass(400);
    cut = 'nowhere';
    await two.caller.acquire(request);
    await one.pass(500);
    expect(one.nodes.state).toBe('connected');
    expect(await three.caller.ask('TryLock', { name: 'a' })).toEqual({ name: 'a' });
  });

  it('is not taken for the own one that was removed elsewhere', async () => {
    const [one, two, three] = (await openServers(newRoom(), 3)) as [ModelServer, ModelServer, ModelServer];
    const key = await one.caller.acquire(request, 5);
    isolate(one, 600);
    expect(await two.caller.ask('Unlock', { name: 'a', key })).toMatchObject({ unlocked: true });
    await one.pass(350);
    await two.caller.acquire(request);
    await one.pass(500);
    one.caller.endSession(5);
    await one.pass(50);
    expect(await three.caller.ask('TryLock', { name: 'a' })).toEqual({ name: 'a' });
  });
});

describe('a node that outlives its server', () => {
  it('is not taken for the own one by another server that has the same request', async () => {
    const room = newRoom();
    const keepOnSessionEnd = true;
    let isArmed = false;
    const cutOf = (isWrite: boolean) => (isWrite && isArmed ? ('after' as const) : ('nowhere' as const));
    const [one, three] = (await openServers(room, 2, { keepOnSessionEnd })) as [ModelServer, ModelServer];
    const [two] = (await openServers(room, 1, { keepOnSessionEnd, session: { cutOf } })) as [ModelServer];
    await two.caller.ask('Unlock', { name: 'b', key: await two.caller.acquire({ name: 'b' }) });
    const request = { name: 'a', request_id: Buffer.from('request 1') };
    const key = await one.caller.acquire(request);
    isArmed = true;
    const repeat = two.caller.send('Lock', request);
    await two.caller.until(() => two.nodes.state !== 'connected');
    isArmed = false;
    expect(await two.caller.replyTo(repeat)).toMatchObject({ status: GrpcStatus.Unavailable });
    await one.pass(300);
    const { tree } = room.ensemble.server;
    expect(tree.children(new LockPaths().placeOf('a').base)).toEqual([`_c_${key}-__WRIT__0000000000`]);
    expect(await one.caller.ask('Unlock', { name: 'a', key })).toMatchObject({ unlocked: true });
    expect(await three.caller.ask('TryLock', { name: 'a' })).toMatchObject({ locked: true });
  });
});

describe('the end of a session', () => {
  it('ends all its claims, also when it finds out that the locks are lost anyway', async () => {
    const { one, two } = await openTwo();
    for (const name of ['a', 'b']) await two.caller.acquire({ name });
    await one.caller.acquire({ name: 'c' }, 5);
    for (const name of ['a', 'b']) one.caller.send('Lock', { name }, { session: 5 });
    await one.pass(50);
    // A process that stands still does not notice that its session with ZooKeeper is over before it is asked for something.
    one.nodes.clock.stall(2_000);
    await one.pass(1_500);
    one.caller.endSession(5);
    await one.pass(1_000);
    expect(one.caller.failures).toEqual([]);
    expect(await two.caller.ask('TryLock', { name: 'c' })).toMatchObject({ locked: true });
    expect([one.engine.sumOf(MetricWord.Holders), one.engine.sumOf(MetricWord.Waiters)]).toEqual([0, 0]);
  });
});

describe('a grant', () => {
  it('is answered once when it is noticed there that the session is over', async () => {
    const { one } = await openTwo();
    const { nodes, caller, engine } = one;
    vi.spyOn(nodes, 'isSessionAlive')
      .mockReturnValueOnce(true)
      .mockImplementationOnce(() => {
        nodes.close();
        return false;
      });
    const call = caller.send('Lock', { name: 'a' });
    expect(await caller.replyTo(call)).toMatchObject({ status: GrpcStatus.Unavailable, granted: false });
    await one.pass(50);
    expect(caller.failures).toEqual([]);
    expect(engine.sumOf(MetricWord.Waiters)).toBe(0);
  });

  it('is none when the session ends at the last moment', async () => {
    const { one, two } = await openTwo();
    const { nodes, caller } = one;
    // It lives when the queue is looked at, and not any more when the claim is.
    vi.spyOn(nodes, 'isSessionAlive').mockReturnValueOnce(true).mockReturnValueOnce(false);
    const call = caller.send('Lock', { name: 'a' });
    expect(await caller.replyTo(call)).toMatchObject({ status: GrpcStatus.Unavailable, granted: false });
    nodes.close();
    await one.pass(50);
    expect(await two.caller.ask('TryLock', { name: 'a' })).toMatchObject({ locked: true });
  });
});

/** Leaves what is read without an answer. */
class SilentNodes extends ModelNodes {
  override getData(): Promise<never> {
    return new Promise(() => {});
  }
}

describe('the limits', () => {
  it('let a server hold and wait for so many locks, and no more', async () => {
    const { time, ensemble } = newRoom();
    const nodes = new SilentNodes(ensemble);
    await time.runUntil(50);
    const caller = new EngineCaller();
    const engine = openModelEngine(
      { time, nodes, keys: new RandomKeySource() },
      Object.assign(caller, { locksLost: () => {} }),
    );
    const work = () => new Promise<void>((resolve) => void setImmediate(resolve));
    caller.attach({ engine, nowMs: () => engine.clock.nowMs(), work, pass: work });
    const calls = Array.from({ length: Limits.zookeeperClaimsMax }, () => caller.send('Lock', { name: 'a' }));
    const { code, message } = Refusals.tooManyClaims;
    expect(await caller.ask('Lock', { name: 'b' })).toEqual({ name: 'b', error: { message } });
    expect([code, calls.filter((call) => caller.hasReply(call))]).toEqual([0, []]);
    caller.cancel(calls[7]!);
    const next = caller.send('TryLock', { name: 'b' });
    await work();
    expect(caller.hasReply(next)).toBe(false);
  });

  it('refuse a lock as one too many when so many requests are under way', async () => {
    const { one } = await openTwo();
    vi.spyOn(one.nodes, 'getData').mockRejectedValueOnce(new TooManyRequestsError('/locks/ca/a', 5));
    const { message } = Refusals.tooManyClaims;
    expect(await one.caller.ask('Lock', { name: 'a' })).toEqual({ name: 'a', error: { message } });
    expect(await one.caller.ask('Lock', { name: 'a' })).toMatchObject({ locked: true });
  });
});
