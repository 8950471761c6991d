import { describe, expect, it, vi } from 'vitest';
import { MetricWord } from '../../../src/base/metric-words.ts';
import { GrpcStatus } from '../../../src/contract/grpc-status.ts';
import { Refusals } from '../../../src/contract/refusal.ts';
import { LockPaths } from '../../../src/engine/zookeeper/lock-place.ts';
import { TooManyRequestsError } from '../../../src/zookeeper/zookeeper-error.ts';
import { type ModelServer, newRoom, openServers, openTwo } from './open-over-model.ts';

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

describe('the limit of requests under way', () => {
  it('refuses a lock as one too many', async () => {
    const { one } = await openTwo();
    vi.spyOn(one.nodes, 'getData').mockRejectedValueOnce(new TooManyRequestsError('/locks/ca/a', 5));
    const { message } = Refusals.tooManyClaims;
    expect(await one.caller.ask('Lock', { name: 'a' })).toEqual({ name: 'a', error: { message } });
    expect(await one.caller.ask('Lock', { name: 'a' })).toMatchObject({ locked: true });
  });
});
