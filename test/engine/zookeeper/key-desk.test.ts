import { describe, expect, it, vi } from 'vitest';
import { GrpcStatus } from '../../../src/contract/grpc-status.ts';
import { Refusals } from '../../../src/contract/refusal.ts';
import { LockPaths } from '../../../src/engine/zookeeper/lock-place.ts';
import { isolate, type ModelServer, newRoom, openServers } from './open-over-model.ts';

/** Two engines at two servers of an ensemble, of which the second knows nothing by itself of what the first one has done. */
async function openApart() {
  const room = newRoom({ replicas: 2 });
  const { ensemble } = room;
  let connections = 0;
  vi.spyOn(ensemble, 'anyReplica').mockImplementation(() => ensemble.replicas[connections++ % 2]!);
  const follow = vi.spyOn(ensemble, 'follow').mockImplementation(() => {});
  const [one, two] = (await openServers(room, 2)) as [ModelServer, ModelServer];
  const goOn = (): void => {
    follow.mockRestore();
    ensemble.follow();
  };
  return { ...room, one, two, goOn };
}

describe('a key that another server has granted', () => {
  it('unlocks where that is not known yet', async () => {
    const { one, two } = await openApart();
    const key = await one.caller.acquire({ name: 'a' });
    expect(await two.caller.ask('Unlock', { name: 'a', key })).toMatchObject({ unlocked: true });
    expect(await two.caller.ask('Unlock', { name: 'a', key })).toMatchObject({
      error: { code: Refusals.invalidKey.code },
    });
  });

  it('renews where another holder is still known', async () => {
    const { one, two, goOn } = await openApart();
    const first = await one.caller.acquire({ name: 'a' });
    const waiter = one.caller.send('Lock', { name: 'a', lock_timeout_ms: '1000' }, { session: 2 });
    await one.pass(50);
    await within(two, two.nodes.sync('/'));
    await one.caller.ask('Unlock', { name: 'a', key: first });
    const { key } = await one.caller.answerTo(waiter);
    const renewal = two.caller.send('Renew', { name: 'a', key, lock_timeout_ms: '60000' });
    await two.pass(60);
    // The server that has granted it sees what was written, and says so.
    goOn();
    expect(await two.caller.answerTo(renewal)).toMatchObject({ locked: true });
  });

  it('is said to be unknown by no server whose own session ends meanwhile', async () => {
    let isArmed = false;
    const room = newRoom();
    const cutOf = (isWrite: boolean) => (isWrite && isArmed ? ('before' as const) : ('nowhere' as const));
    const [one, two] = (await openServers(room, 2, { session: { cutOf } })) as [ModelServer, ModelServer];
    const key = await one.caller.acquire({ name: 'a' });
    isArmed = true;
    const call = two.caller.send('Unlock', { name: 'a', key });
    await two.caller.until(() => two.nodes.state !== 'connected');
    isArmed = false;
    isolate(two, 3_000);
    expect(await two.caller.replyTo(call)).toMatchObject({ status: GrpcStatus.Unavailable });
    expect(await one.caller.ask('TryLock', { name: 'a' })).toEqual({ name: 'a' });
    expect(await one.caller.ask('Unlock', { name: 'a', key })).toMatchObject({ unlocked: true });
  });
});

describe('the id of a request', () => {
  const request = { name: 'a', request_id: Buffer.from('request 1') };

  it('releases what another server has granted, and takes its waiters out of the queue', async () => {
    const { one, two } = await openApart();
    await one.caller.acquire(request);
    expect(await two.caller.ask('Unlock', request)).toMatchObject({ unlocked: true });
    expect(await two.caller.ask('TryLock', { name: 'a' })).toMatchObject({ locked: true });
  });

  it('means the holder where a node of the same request stands beside it', async () => {
    const { one, two } = await openApart();
    const key = await one.caller.acquire(request);
    const { base } = new LockPaths().placeOf('a');
    // As a server makes it whose client has gone to another one meanwhile.
    await within(two, two.nodes.create(`${base}/_c_${key}-__WRIT__`, { mode: 'ephemeralSequential' }));
    // Servers list in any order.
    const list = two.nodes.getChildren.bind(two.nodes);
    vi.spyOn(two.nodes, 'getChildren').mockImplementation(async (...args) => {
      const { children, stat } = await list(...args);
      return { children: [...children].reverse(), stat };
    });
    expect(await two.caller.ask('Unlock', request)).toMatchObject({ unlocked: true });
    await one.pass(500);
    expect((await one.caller.ask('Unlock', { name: 'a', key })).error?.code).toBe(Refusals.invalidKey.code);
  });
});

/** Lets time pass until a promise is done. */
async function within<T>({ caller }: ModelServer, promise: Promise<T>): Promise<void> {
  let isDone = false;
  void promise.finally(() => {
    isDone = true;
  });
  await caller.until(() => isDone);
}
