import { describe, expect, it } from 'vitest';
import { MultiLock, Mutex, ReadWriteLock } from '../../../src/zookeeper/index.ts';
import { connectNode } from './node-client.ts';
import { startZooKeeper } from './zookeeper-server.ts';

async function run() {
  const server = await startZooKeeper();
  const [client, other] = [await connectNode(server), await connectNode(server)];
  return { server, client, other };
}

describe('what kazurator’s users know', () => {
  it('a mutex says whether it is acquired, by whom, and who takes part', async () => {
    const { client, other } = await run();
    const mutex = new Mutex(client, '/some/path', { name: 'mine-' });
    expect([mutex.name, mutex.timeoutMs, mutex.maxLeases]).toEqual(['mine-', 1_000, 1]);
    expect([mutex.isAcquired, mutex.isOwnedByCurrent, await mutex.getParticipantNodes()]).toEqual([
      false,
      false,
      [],
    ]);
    const owner = {};
    const lock = await mutex.acquire({ owner });
    expect([mutex.isAcquired, mutex.isOwnedByCurrent, mutex.isOwnedBy(owner)]).toEqual([true, false, true]);
    const second = new Mutex(other, '/some/path', { name: 'mine-' });
    expect([second.isAcquired, await second.getParticipantNodes()]).toEqual([false, [lock.path]]);
    await expect(second.release()).rejects.toThrow('You do not own the lock: /some/path');
    await expect(mutex.release({})).rejects.toMatchObject({ code: 'ZOOKEEPER_LOCK_NOT_OWNED' });
    expect([await mutex.release(owner), mutex.isAcquired, lock.locked]).toEqual([true, false, false]);
  });

  it('a timeout can be set, is in total, and leaves nothing behind', async () => {
    const { client, other } = await run();
    const held = await new ReadWriteLock(client, '/a').writeLock.acquire();
    const lock = new ReadWriteLock(other, '/a', { timeoutMs: 60_000 });
    lock.timeoutMs = 200;
    for (const face of [lock.readLock, lock.writeLock]) {
      const beganMs = performance.now();
      await expect(face.acquire()).rejects.toThrow('Failed to acquire a lock on /a after 0.2 seconds');
      expect(performance.now() - beganMs).toBeGreaterThan(195);
    }
    await expect.poll(() => lock.readLock.getParticipantNodes()).toEqual([held.path]);
  });

  it('an owner cannot wait for the same lock twice', async () => {
    const { client, other } = await run();
    await new Mutex(other, '/a').acquire();
    const mutex = new Mutex(client, '/a');
    const owner = {};
    const waiting = mutex.acquire({ owner, timeoutMs: 300 });
    await expect(mutex.acquire({ owner })).rejects.toMatchObject({ code: 'ZOOKEEPER_LOCK_OWNER_BUSY' });
    await expect(waiting).rejects.toMatchObject({ code: 'ZOOKEEPER_LOCK_TIMEOUT' });
  });
});

describe('several locks at once', () => {
  it('are held together, and released together', async () => {
    const { client, other } = await run();
    const locks = ['/a', '/b', '/c'].map((path) => new Mutex(client, path));
    const held = await new MultiLock(locks).acquire();
    expect([held.locked, held.locks.map(({ path }) => path.slice(0, 6))]).toEqual([
      true,
      ['/a/_c_', '/b/_c_', '/c/_c_'],
    ]);
    expect(await new Mutex(other, '/b').tryAcquire()).toBeNull();
    expect([await held.release(), await held.release(), held.locked]).toEqual([true, false, false]);
    expect(await new Mutex(other, '/b').tryAcquire()).not.toBeNull();
  });

  it('are all or none, within one time', async () => {
    const { client, other } = await run();
    await new Mutex(other, '/c').acquire();
    const locks = ['/a', '/b', '/c'].map((path) => new Mutex(client, path));
    const beganMs = performance.now();
    await expect(new MultiLock(locks, { timeoutMs: 300 }).acquire()).rejects.toMatchObject({
      code: 'ZOOKEEPER_LOCK_TIMEOUT',
      path: '/c',
    });
    expect(performance.now() - beganMs).toBeLessThan(2_300);
    for (const path of ['/a', '/b']) expect(await new Mutex(other, path).tryAcquire()).not.toBeNull();
  });
});

it('the numbers of requests begin anew behind the largest', async () => {
  const server = await startZooKeeper();
  const client = await connectNode(server, { firstXid: 2 ** 31 - 6 });
  const mutex = new Mutex(client, '/a');
  for (let i = 0; i < 10; i++) {
    const lock = await mutex.acquire();
    expect([lock.locked, await lock.release()]).toEqual([true, true]);
  }
  expect(client.state).toBe('connected');
});

it.each([
  ['/', 'below the root'],
  ['a', 'it must begin with /'],
  ['/a//b', 'a part of it is empty'],
])('a path that is none is refused: %s', async (path, why) => {
  const { client } = await run();
  const acquiring = async () => new Mutex(client, path).acquire();
  await expect(acquiring()).rejects.toThrow(why);
});
