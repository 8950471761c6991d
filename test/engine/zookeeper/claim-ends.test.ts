import { describe, expect, it } from 'vitest';
import { MetricWord } from '../../../src/base/metric-words.ts';
import { GrpcStatus } from '../../../src/contract/grpc-status.ts';
import { isolate, type ModelServer, newRoom, openServers, openTwo } from './open-over-model.ts';

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
