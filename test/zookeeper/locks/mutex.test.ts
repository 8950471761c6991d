import { beforeEach, describe, expect, it } from 'vitest';
import { Mutex, type MutexOptions } from '../../../src/zookeeper/locks/mutex.ts';
import { type NodeRoom, openRoom } from '../model/node-room.ts';

let room: NodeRoom;

beforeEach(async () => {
  room = await openRoom();
});

const mutex = (options?: MutexOptions): Mutex => new Mutex(room.nodes, '/a/lock', options);
const tryOn = async (lock: Mutex): Promise<boolean> => (await room.come(lock.tryAcquire())) !== null;

describe('a mutex', () => {
  it('has the nodes of Curator’s, one after the other', async () => {
    const held = await room.come(mutex().acquire());
    expect(held.path).toMatch(/^\/a\/lock\/_c_[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}-lock-0000000000$/);
    expect(await tryOn(mutex())).toBe(false);
    await room.come(held.release());
    expect(await tryOn(mutex())).toBe(true);
    expect(room.queueAt('/a/lock')).toEqual(['lock-0000000001']);
  });

  it('says how it was made', () => {
    expect(mutex()).toMatchObject({ path: '/a/lock', name: 'lock-', maxLeases: 1, timeoutMs: 1_000 });
    const options = { name: 'mine-', maxLeases: 3, timeoutMs: null };
    expect(mutex(options)).toMatchObject(options);
  });

  it('has the data of its maker in its node', async () => {
    const held = await room.come(mutex({ data: 'somebody' }).acquire());
    expect(room.dataAt(held.path).toString()).toBe('somebody');
  });

  it('respects nodes of others, whatever stands before their names', async () => {
    const theirs = await room.put('/a/lock/_c_zz-lock-', Buffer.alloc(0), 'ephemeralSequential');
    await room.put('/a/lock/!junk');
    expect(await tryOn(mutex())).toBe(false);
    await room.come(room.others.delete(theirs));
    expect(await tryOn(mutex())).toBe(true);
  });

  it('has larger tokens with each grant, also below a new node that numbers from 0 again', async () => {
    const first = await room.come(mutex().acquire());
    await room.come(first.release());
    await room.pass(1_000);
    expect(room.has('/a')).toBe(false);
    const second = await room.come(mutex().acquire());
    expect(second.path).toMatch(/-lock-0000000000$/);
    expect(second.fencingToken).toBeGreaterThan(first.fencingToken);
  });
});

describe('a mutex of several leases', () => {
  it('is held by the first in the queue', async () => {
    const two = mutex({ maxLeases: 2 });
    const held = [await room.come(two.acquire()), await room.come(two.acquire())];
    expect([await tryOn(two), held.map(({ locked }) => locked)]).toEqual([false, [true, true]]);
    await room.come(held[1]!.release());
    expect(await tryOn(two)).toBe(true);
  });

  it.each([0, -1, 1.5, Number.NaN])('has at least one, and no half: %s', (maxLeases) => {
    const wrong = expect.objectContaining({ code: 'ZOOKEEPER_USE', path: '/a/lock' });
    expect(() => mutex({ maxLeases })).toThrow(wrong);
  });
});

describe('a name of a mutex', () => {
  it('is that of its nodes, which those of another name pass over', async () => {
    const mine = mutex({ name: 'mine-' });
    expect((await room.come(mine.acquire())).path).toMatch(/-mine-0000000000$/);
    expect([await tryOn(mine), await tryOn(mutex())]).toEqual([false, true]);
  });

  it.each(['0', '1', '00', '-', '--', '5-5', '', 'a/b', '__READ__', 'x__WRIT__'])(
    'that would not be told from a number or another lock is refused: %j',
    (name) => {
      expect(() => mutex({ name })).toThrow('name must');
    },
  );

  it.each(['lock-', 'mine-', 'v1', 'my-lock-', '2024x'])('may be anything else: %s', (name) => {
    expect(mutex({ name }).name).toBe(name);
  });
});
