import { beforeEach, describe, expect, it, vi } from 'vitest';
import type { HeldLock } from '../../../src/zookeeper/locks/held-lock.ts';
import {
  LockNotOwnedError,
  LockOwnerBusyError,
  LockTimeoutError,
} from '../../../src/zookeeper/locks/lock-error.ts';
import type { QueueNode } from '../../../src/zookeeper/locks/queue-node.ts';
import { QueuedLock, type QueuedLockOptions } from '../../../src/zookeeper/locks/queued-lock.ts';
import { MUTEX } from '../../../src/zookeeper/locks/standing.ts';
import { type NodeRoom, openRoom } from '../model/node-room.ts';

const PATH = '/lock';
const [FIRST, SECOND] = ['lock-0000000000', 'lock-0000000001'];

let room: NodeRoom;
let lock: QueuedLock;
let owner: object;

const make = (options?: QueuedLockOptions, before?: () => null): QueuedLock =>
  new QueuedLock(room.nodes, PATH, { rule: () => MUTEX, ...(before && { before }) }, options);

beforeEach(async () => {
  room = await openRoom();
  lock = make();
  owner = {};
});

const acquire = (by?: object): Promise<HeldLock> => room.come(lock.acquire(by && { owner: by }));
const queue = (): string[] => room.queueAt(PATH);
/** Its outcome is looked at later. */
function begin(options?: Parameters<QueuedLock['acquire']>[0]): Promise<HeldLock> {
  const acquiring = lock.acquire(options);
  acquiring.catch(() => {});
  return acquiring;
}

async function loseSession(): Promise<void> {
  room.isolate(room.nodes, 3_000);
  await room.pass(4_000);
}

describe('acquiring', () => {
  it('waits in the queue until the lock is free', async () => {
    const held = await acquire();
    const waiting = begin();
    await room.pass(500);
    expect(queue()).toEqual([FIRST, SECOND]);
    await room.come(held.release());
    expect(await room.come(waiting)).toMatchObject({ locked: true });
    expect(queue()).toEqual([SECOND]);
  });

  it.each([
    ['the lock’s time', undefined, 1_000],
    ['a time of its own', 300, 300],
  ])('ends after %s, however often it has moved up, and leaves nothing', async (_, timeoutMs, expectedMs) => {
    const nodes: QueueNode[] = [];
    for (let i = 0; i < 5; i++) nodes.push(await room.queue(PATH, 'lock-', room.others));
    const waiting = begin(timeoutMs === undefined ? {} : { timeoutMs });
    for (const { path } of nodes.slice(1).reverse()) {
      await room.pass(expectedMs * 0.2);
      await room.come(room.others.delete(path));
    }
    await room.pass(expectedMs * 0.15);
    expect(queue()).toHaveLength(2);
    await room.pass(expectedMs * 0.1);
    expect(queue()).toHaveLength(1);
    await expect(waiting).rejects.toThrow(LockTimeoutError);
    await expect(waiting).rejects.toMatchObject({ path: PATH, timeoutMs: expectedMs });
  });

  it('ends in time, also while no server can be reached, and cleans up behind that', async () => {
    await room.queue(PATH, 'lock-', room.others);
    const waiting = begin({ timeoutMs: 500 });
    await room.pass(100);
    room.isolate(room.nodes, 800);
    await room.pass(450);
    await expect(waiting).rejects.toThrow(LockTimeoutError);
    expect(queue()).toEqual([FIRST, SECOND]);
    await room.pass(500);
    expect(queue()).toEqual([FIRST]);
  });

  it('without an end waits as long as it takes', async () => {
    const { path } = await room.queue(PATH, 'lock-', room.others);
    const waiting = begin({ timeoutMs: null });
    await room.pass(20_000);
    await room.come(room.others.delete(path));
    expect((await room.come(waiting)).locked).toBe(true);
  });

  it('ends with the reason of a signal at once, and leaves nothing', async () => {
    await acquire();
    const controller = new AbortController();
    const waiting = begin({ signal: controller.signal });
    await room.pass(100);
    controller.abort(new Error('enough'));
    await expect(waiting).rejects.toThrow('enough');
    await room.pass(50);
    expect(queue()).toEqual([FIRST]);
  });

  it('asks for nothing where its signal is aborted already', async () => {
    const asked = vi.spyOn(room.nodes.session, 'request');
    await expect(begin({ signal: AbortSignal.abort(new Error('enough')) })).rejects.toThrow('enough');
    expect(asked).not.toHaveBeenCalled();
  });

  it('tries where it has no time', async () => {
    const held = await acquire();
    const refused = begin({ timeoutMs: 0 });
    await expect(room.come(refused)).rejects.toMatchObject({ path: PATH, timeoutMs: 0 });
    expect(queue()).toEqual([FIRST]);
    await room.come(held.release());
    lock.timeoutMs = 0;
    expect((await acquire()).locked).toBe(true);
    await expect(acquire()).rejects.toMatchObject({ code: 'ZOOKEEPER_LOCK_TIMEOUT', timeoutMs: 0 });
  });
});

describe('trying', () => {
  it('has the lock, or nothing, and waits for nobody', async () => {
    const held = (await room.come(lock.tryAcquire()))!;
    expect([held.locked, await room.come(lock.tryAcquire()), queue()]).toEqual([true, null, [FIRST]]);
  });

  it('ends with the reason of a signal', async () => {
    const controller = new AbortController();
    const trying = lock.tryAcquire({ signal: controller.signal });
    controller.abort(new Error('enough'));
    await expect(room.come(trying)).rejects.toThrow('enough');
    await room.pass(50);
    expect(queue()).toEqual([]);
  });
});

describe('an owner', () => {
  it('enters a lock again that it holds, which asks nobody, and releases it as often', async () => {
    const held = await acquire(owner);
    const asked = vi.spyOn(room.nodes.session, 'request');
    const again = [await lock.acquire({ owner, timeoutMs: 0 }), (await lock.tryAcquire({ owner }))!];
    expect(asked).not.toHaveBeenCalled();
    for (const { path, fencingToken } of again)
      expect([path, fencingToken]).toEqual([held.path, held.fencingToken]);
    expect(await room.come(held.release())).toBe(true);
    expect(await room.come(again[0]!.release())).toBe(true);
    expect([lock.isOwnedBy(owner), queue()]).toEqual([true, [FIRST]]);
    expect(await room.come(again[1]!.release())).toBe(true);
    expect([lock.isOwnedBy(owner), queue()]).toEqual([false, []]);
  });

  it('enters no lock of another, nor of one that has no name', async () => {
    await acquire(owner);
    for (const options of [{ owner: {} }, {}]) expect(await room.come(lock.tryAcquire(options))).toBeNull();
    await room.come(lock.release(owner));
    await acquire();
    expect(await room.come(lock.tryAcquire())).toBeNull();
  });

  it('cannot ask twice at a time, and may ask again when it was refused', async () => {
    await acquire({});
    const waiting = begin({ owner });
    await room.pass(10);
    expect(lock.isAwaitedBy(owner)).toBe(true);
    await expect(begin({ owner })).rejects.toThrow(LockOwnerBusyError);
    await expect(begin({ owner, timeoutMs: 0 })).rejects.toMatchObject({ path: PATH });
    await room.pass(1_100);
    await expect(waiting).rejects.toThrow(LockTimeoutError);
    expect(lock.isAwaitedBy(owner)).toBe(false);
    expect(await room.come(lock.tryAcquire({ owner }))).toBeNull();
  });

  it('is refused by what looks at it before, and then waits for nothing', async () => {
    lock = make({}, () => {
      throw new Error('not you');
    });
    await expect(acquire(owner)).rejects.toThrow('not you');
    expect([lock.isAwaitedBy(owner), queue(), (await acquire()).locked]).toEqual([false, [], true]);
  });

  it('whose session is over queues anew', async () => {
    const held = await acquire(owner);
    expect(lock.holdOf(owner)).not.toBeNull();
    await loseSession();
    expect([held.locked, lock.holdOf(owner), lock.isOwnedBy(owner)]).toEqual([false, null, false]);
    const again = await acquire(owner);
    expect(again.locked).toBe(true);
    expect(again.fencingToken).toBeGreaterThan(held.fencingToken);
    expect(await room.come(held.release())).toBe(false);
    expect([again.locked, lock.isOwnedBy(owner)]).toEqual([true, true]);
  });
});

describe('releasing', () => {
  it('ends what was acquired last by who is named', async () => {
    lock = new QueuedLock(room.nodes, PATH, {
      rule: () => ({ kind: 'queue', lockName: 'lock-', size: 4 }),
    });
    const [first, second] = [await acquire(), await acquire()];
    const [owned, again] = [await acquire(owner), await acquire(owner)];
    expect(await room.come(lock.release())).toBe(true);
    expect([first.locked, second.locked, owned.locked]).toEqual([true, false, true]);
    expect(await room.come(lock.release(owner))).toBe(true);
    expect([owned.locked, again.locked]).toEqual([true, false]);
    const last = await acquire(owner);
    await room.come(last.release());
    expect([await room.come(lock.release(owner)), owned.locked]).toEqual([true, false]);
    await room.come(first.release());
    await expect(lock.release()).rejects.toThrow(`You do not own the lock: ${PATH}`);
  });

  it.each(['nobody', 'a stranger', 'who has lost it'])('is refused to %s', async (who) => {
    const by = who === 'nobody' ? undefined : owner;
    if (who === 'who has lost it') await acquire(owner);
    else await acquire({});
    if (who === 'who has lost it') await loseSession();
    await expect(lock.release(by)).rejects.toThrow(LockNotOwnedError);
  });
});

describe('a lock', () => {
  it('says whether it is held, and by whom', async () => {
    const said = () => [lock.isAcquired, lock.isOwnedBy(owner), lock.isOwnedBy(), lock.isOwnedByCurrent];
    expect(said()).toEqual([false, false, false, false]);
    const owned = await acquire(owner);
    expect(said()).toEqual([true, true, false, false]);
    await room.come(owned.release());
    await acquire();
    expect(said()).toEqual([true, false, true, true]);
  });

  it.each([
    ['isAcquired', () => lock.isAcquired],
    ['isOwnedBy', () => lock.isOwnedBy(owner)],
    ['holdOf', () => lock.holdOf(owner) !== null],
  ] as const)('is held by nobody whose session is over by the clock: %s', async (_, isHeld) => {
    await acquire(owner);
    expect(isHeld()).toBe(true);
    room.nodes.clock.stall(5_000);
    await room.pass(1_500);
    expect(isHeld()).toBe(false);
  });

  it('tells who has it and wants it, first come first, and of nobody else', async () => {
    expect(await room.come(lock.getParticipantNodes())).toEqual([]);
    const nodes: QueueNode[] = [];
    for (let i = 0; i < 3; i++)
      nodes.push(await room.queue(PATH, 'lock-', i === 1 ? room.nodes : room.others));
    await room.put(`${PATH}/!junk`);
    await room.queue(PATH, '__READ__');
    expect(await room.come(lock.getParticipantNodes())).toEqual(nodes.map(({ path }) => path));
  });

  it('has the data in its nodes that it was given, as it was then', async () => {
    const data = Buffer.from('mine');
    lock = make({ data });
    data.fill('x');
    expect(room.dataAt((await acquire()).path).toString()).toBe('mine');
  });

  it('has the address of its client there where it was given none', async () => {
    Object.assign(room.nodes, { localAddress: '10.0.0.7' });
    expect(room.dataAt((await acquire()).path).toString()).toBe('10.0.0.7');
  });

  it('needs a node of its own', () => {
    expect(() => new QueuedLock(room.nodes, '/', { rule: () => MUTEX })).toThrow(
      expect.objectContaining({ code: 'ZOOKEEPER_USE', path: '/' }),
    );
  });
});
