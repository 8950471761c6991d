import { describe, expect, it, vi } from 'vitest';
import { GrpcStatus } from '../../../src/contract/grpc-status.ts';
import { Refusals } from '../../../src/contract/refusal.ts';
import { LockPaths } from '../../../src/engine/zookeeper/lock-place.ts';
import { isolate, type ModelServer, newRoom, openApart, openServers } from './open-over-model.ts';

const POOL = new LockPaths([{ name: 's', path: '/pool', layout: 'semaphore' }]);

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

  it('takes whoever waits for a lease out of the line at once, wherever in it', async () => {
    const { one, two, goOn } = await openApart({ paths: POOL });
    goOn();
    const key = await one.caller.acquire({ name: 's', size: 1 });
    const ids = ['request 1', 'request 2', 'request 3'].map((id) => Buffer.from(id));
    const waiters = ids.map((request_id, i) =>
      one.caller.send('Lock', { name: 's', size: 1, request_id }, { session: 2 + i }),
    );
    await one.pass(500);
    for (const at of [1, 0]) {
      const request = { name: 's', request_id: ids[at]! };
      expect(await two.caller.ask('Unlock', request)).toMatchObject({ unlocked: true });
      expect(await one.caller.replyTo(waiters[at]!)).toMatchObject({ status: GrpcStatus.Aborted });
    }
    await one.caller.ask('Unlock', { name: 's', key });
    expect(await one.caller.answerTo(waiters[2]!)).toMatchObject({ locked: true });
    expect(await one.caller.ask('TryLock', { name: 's', size: 1 })).toEqual({ name: 's' });
  });

  it('takes whoever waits for a lock out of the queue at once, wherever in it', async () => {
    const { one, two, goOn } = await openApart();
    goOn();
    await one.caller.acquire({ name: 'a' });
    const ids = ['request 1', 'request 2'].map((id) => Buffer.from(id));
    const waiters = ids.map((request_id, i) =>
      one.caller.send('Lock', { name: 'a', request_id }, { session: 2 + i }),
    );
    await one.pass(500);
    for (const at of [1, 0]) {
      const request = { name: 'a', request_id: ids[at]! };
      expect(await two.caller.ask('Unlock', request)).toMatchObject({ unlocked: true });
      expect(await one.caller.replyTo(waiters[at]!)).toMatchObject({ status: GrpcStatus.Aborted });
    }
  });

  it.each<[when: string, isBefore: boolean]>([
    ['just before it is gone from the line', true],
    ['when the answer has been given', false],
  ])('leaves no lease behind that is made %s', async (_when, isBefore) => {
    const { one, two } = await openApart({ paths: POOL });
    await one.caller.acquire({ name: 's', size: 2 });
    const request = { name: 's', size: 2, request_id: Buffer.from('request 1') };
    // The first in line is about to make its lease.
    let isHeldUp = true;
    const create = one.nodes.create.bind(one.nodes);
    one.nodes.create = async (...args) => {
      while (isHeldUp && args[0].includes('/leases/')) await tick(one);
      return create(...args);
    };
    const call = one.caller.send('Lock', request, { session: 2 });
    await one.pass(100);
    const remove = two.nodes.delete.bind(two.nodes);
    two.nodes.delete = async (...args) => {
      isHeldUp = !isBefore;
      for (let i = 0; i < 20; i++) await tick(two);
      return remove(...args);
    };
    expect(await two.caller.ask('Unlock', request)).toMatchObject({ unlocked: true });
    isHeldUp = false;
    // It had the lease for a moment, or was told that it is out of the line.
    const { status } = await one.caller.replyTo(call);
    expect(status).toBe(isBefore ? GrpcStatus.Ok : GrpcStatus.Aborted);
    await one.pass(500);
    expect(await two.caller.ask('TryLock', { name: 's', size: 2 })).toMatchObject({ locked: true });
    expect(await two.caller.ask('TryLock', { name: 's', size: 2 })).toEqual({ name: 's' });
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

function tick({ nodes: { clock } }: ModelServer): Promise<void> {
  return new Promise((resolve) => void clock.after(1, resolve));
}

/** Lets time pass until a promise is done. */
async function within<T>({ caller }: ModelServer, promise: Promise<T>): Promise<void> {
  let isDone = false;
  void promise.finally(() => {
    isDone = true;
  });
  await caller.until(() => isDone);
}
