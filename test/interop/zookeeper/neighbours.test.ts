import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import {
  CREATOR_ACL,
  Mutex,
  OPEN_ACL,
  onRevoke,
  Permission,
  ReadWriteLock,
  revoke,
  Semaphore,
  SharedCount,
} from '../../../src/zookeeper/index.ts';
import { startForeignClient } from './foreign-client.ts';
import type { ForeignProgram } from './foreign-program.ts';
import { connectNode } from './node-client.ts';
import { startZooKeeper } from './zookeeper-server.ts';

const WAIT = { timeout: 10_000 };

describe('leases of a semaphore', () => {
  it.each([1, 2, 5])('are counted together with Curator’s: %i', async (n) => {
    const server = await startZooKeeper();
    const clients = await Promise.all(
      (['node', 'curator', 'node', 'curator'] as const).map((name) =>
        startForeignClient(name, server.address),
      ),
    );
    const take = (i: number) => ({ client: clients[i % 4]!, owner: `owner ${i}`, n });
    for (let i = 0; i < n; i++) {
      const { client, ...options } = take(i);
      expect(await client.acquire('sem', '/s', options)).toMatchObject({ acquired: true });
    }
    for (const i of [0, 1])
      expect(await clients[i]!.acquire('sem', '/s', { n, owner: 'late', timeoutMs: 200 })).toMatchObject({
        acquired: false,
      });
    const waiting = [2, 3].map((i) =>
      clients[i]!.acquire('sem', '/s', { n, owner: 'next', timeoutMs: 10_000 }),
    );
    await expect.poll(() => clients[0]!.children('/s/locks'), WAIT).toHaveLength(2);
    const { client, owner } = take(0);
    await client.release('sem', '/s', { owner, n });
    const first = await Promise.race(waiting.map(async (each, i) => ((await each).acquired ? i + 2 : -1)));
    expect(first).toBeGreaterThan(0);
    await clients[first]!.release('sem', '/s', { owner: 'next', n });
    expect((await Promise.all(waiting)).map(({ acquired }) => acquired)).toEqual([true, true]);
  });

  it('can be had several at once, all or none', async () => {
    const server = await startZooKeeper();
    const theirs = await startForeignClient('curator', server.address);
    const client = await connectNode(server);
    const semaphore = new Semaphore(client, '/s', { maxLeases: 3 });
    await theirs.acquire('sem', '/s', { n: 3, quantity: 2 });
    await expect(semaphore.acquireMany(2, { timeoutMs: 300 })).rejects.toMatchObject({
      code: 'ZOOKEEPER_LOCK_TIMEOUT',
    });
    await expect.poll(() => semaphore.getParticipantNodes(), WAIT).toHaveLength(2);
    const waiting = semaphore.acquireMany(2, { timeoutMs: 10_000 });
    await theirs.release('sem', '/s', { n: 3 });
    const held = await waiting;
    const [first, second] = held.locks.map(({ fencingToken }) => fencingToken);
    expect([held.locked, second! > first!]).toEqual([true, true]);
    await held.release();
    expect(await semaphore.getParticipantNodes()).toEqual([]);
  });

  it('are more as soon as somebody says so', async () => {
    const server = await startZooKeeper();
    const client = await connectNode(server);
    const semaphore = new Semaphore(client, '/s', { maxLeases: 1, timeoutMs: 10_000 });
    const first = await semaphore.acquire();
    semaphore.maxLeases = 2;
    const second = await semaphore.acquire();
    expect([first.locked, second.locked]).toEqual([true, true]);
  });
});

describe('revocation', () => {
  it('is heard from Curator', async () => {
    const server = await startZooKeeper();
    const theirs = await startForeignClient('curator', server.address);
    const client = await connectNode(server);
    const lock = await new Mutex(client, '/a').acquire();
    let calls = 0;
    onRevoke(client, lock, () => {
      calls++;
      void lock.release();
    });
    const waiting = theirs.acquire('mutex', '/a', { timeoutMs: 10_000 });
    await theirs.revoke(lock.path);
    expect([await waiting, calls]).toEqual([expect.objectContaining({ acquired: true }), 1]);
  });

  it('is heard by Curator', async () => {
    const server = await startZooKeeper();
    const theirs = await startForeignClient('curator', server.address);
    const client = await connectNode(server);
    await theirs.revocable('/a');
    const { lockPath } = await theirs.acquire('mutex', '/a');
    expect(await revoke(client, lockPath!)).toBe(true);
    expect(await theirs.events.until('revoked')).toBe('/a');
    expect(await revoke(client, '/a/gone')).toBe(false);
  });
});

describe('what stands beside the contenders', () => {
  it.each(['!junk', 'zjunk', 'lock-1', '_c_x-__READ__0000000000', 'leases'])(
    'is passed over: %s',
    async (name) => {
      const server = await startZooKeeper();
      const client = await connectNode(server);
      await client.create('/a');
      await client.create(`/a/${name}`);
      const mutex = new Mutex(client, '/a');
      const lock = await mutex.acquire();
      expect(await mutex.getParticipantNodes()).toEqual([lock.path]);
      const waiting = mutex.acquire({ timeoutMs: 5_000 });
      await lock.release();
      await (await waiting).release();
    },
  );

  it('may be a late answer to the same request, which is taken away', async () => {
    const server = await startZooKeeper();
    const [client, other] = [await connectNode(server), await connectNode(server)];
    const lock = await new Mutex(client, '/a').acquire();
    const mutex = new Mutex(other, '/a', { timeoutMs: 10_000 });
    const waiting = mutex.acquire();
    await expect.poll(() => mutex.getParticipantNodes(), WAIT).toHaveLength(2);
    const own = (await mutex.getParticipantNodes())[1]!;
    await other.create(own.slice(0, -10), { mode: 'ephemeralSequential' });
    await lock.release();
    expect((await waiting).path).toBe(own);
    await expect.poll(() => mutex.getParticipantNodes(), WAIT).toEqual([own]);
  });

  it('may be a node that cannot be read, whose end is waited for all the same', async () => {
    const server = await startZooKeeper();
    const auth = [{ scheme: 'digest', auth: 'user:secret' }];
    const closed = await connectNode(server, { auth, acl: CREATOR_ACL });
    const other = await connectNode(server);
    const all = { permissions: Permission.All, scheme: 'world', id: 'anyone' };
    await other.create('/a', { acl: [all] });
    const lock = await new Mutex(closed, '/a').acquire();
    await expect(other.getData(lock.path)).rejects.toMatchObject({ code: 'ZOOKEEPER_NO_AUTH' });
    const waiting = new Mutex(other, '/a', { timeoutMs: 10_000 }).acquire();
    await expect.poll(async () => (await other.getChildren('/a')).children, WAIT).toHaveLength(2);
    // By now the waiter has looked what is in front of it.
    await sleep(500);
    await lock.release();
    expect((await waiting).locked).toBe(true);
    expect(OPEN_ACL).toEqual([all]);
  });
});

it.each<ForeignProgram>(['curator', 'kazoo'])('a chroot is the namespace of %s', async (other) => {
  const server = await startZooKeeper();
  const theirs = await startForeignClient(other, server.address, { namespace: 'space' });
  await theirs.acquire('mutex', '/a');
  const client = await connectNode(`${server.address}/space`);
  const mutex = new Mutex(client, '/a');
  expect(await mutex.tryAcquire()).toBeNull();
  const [holder] = await mutex.getParticipantNodes();
  expect(holder).toBe(await theirs.lockPath('mutex', '/a').then((path) => path!.replace(/^\/space/, '')));
  await theirs.release('mutex', '/a');
  expect((await mutex.acquire()).path).toMatch(/^\/a\/_c_/);
});

it('a chroot that nobody has made yet is made by the first lock', async () => {
  const server = await startZooKeeper();
  const [client, root] = [await connectNode(`${server.address}/team/space`), await connectNode(server)];
  expect(await root.exists('/team')).toBeNull();
  await (await new Mutex(client, '/a').acquire()).release();
  expect((await root.exists('/team/space/a'))?.childrenCount).toBe(0);
  expect((await SharedCount.open(client, '/count', { seed: 3 })).count).toBe(3);
});

it('with 200 waiters a release costs a constant number of requests', async () => {
  const server = await startZooKeeper();
  const client = await connectNode(server, { sessionTimeoutMs: 20_000 });
  const mutex = new Mutex(client, '/a', { timeoutMs: null });
  const first = await mutex.acquire();
  const turns: Promise<void>[] = [];
  const hold = async (): Promise<void> => {
    const lock = await mutex.acquire();
    await lock.release();
  };
  for (let i = 0; i < 200; i++) turns.push(hold());
  await expect.poll(() => mutex.getParticipantNodes(), WAIT).toHaveLength(201);
  await new Promise((resolve) => setTimeout(resolve, 500));
  const before = await server.counters();
  await first.release();
  await Promise.all(turns);
  const after = await server.counters();
  // Each is woken, lists, and deletes its node; pings and the questions of this test come on top.
  expect((after.packetsReceived - before.packetsReceived) / 200).toBeLessThan(2.2);
});

it('2,000 readers whom a writer’s end lets in cost one listing, which names them all once', async () => {
  const server = await startZooKeeper();
  const client = await connectNode(server, { sessionTimeoutMs: 20_000 });
  const other = await connectNode(server, { sessionTimeoutMs: 20_000 });
  const writer = await new ReadWriteLock(other, '/a').writeLock.acquire();
  // One object each, as in parts of a program that know nothing of each other.
  const acquire = () => new ReadWriteLock(client, '/a').readLock.acquire({ timeoutMs: null });
  const readers = Promise.all(Array.from({ length: 2_000 }, acquire));
  await expect.poll(async () => (await other.getChildren('/a')).children, WAIT).toHaveLength(2_001);
  await new Promise((resolve) => setTimeout(resolve, 500));
  const before = await server.counters();
  await writer.release();
  expect((await readers).every(({ locked }) => locked)).toBe(true);
  const after = await server.counters();
  expect(after.packetsReceived - before.packetsReceived).toBeLessThan(20);
});

it('a try that is refused asks for three things and writes nothing, and an uncontended lock costs three requests', async () => {
  const server = await startZooKeeper();
  const client = await connectNode(server, { sessionTimeoutMs: 20_000 });
  const mutex = new Mutex(client, '/a');
  const lock = await mutex.acquire();
  const count = async (work: () => Promise<unknown>): Promise<number> => {
    const before = await server.counters();
    await work();
    const after = await server.counters();
    return after.packetsReceived - before.packetsReceived;
  };
  const nothing = await count(async () => {});
  const tries = await count(async () => {
    for (let i = 0; i < 50; i++) expect(await mutex.tryAcquire()).toBeNull();
  });
  // What the connected server shows, and at once with a sync what is so.
  expect((tries - nothing) / 50).toBeCloseTo(3, 1);
  await lock.release();
  const cycles = await count(async () => {
    for (let i = 0; i < 50; i++) await (await mutex.acquire()).release();
  });
  expect((cycles - nothing) / 50).toBeCloseTo(3, 1);
});
