import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { MultiLock, Mutex, ReadWriteLock, Semaphore } from '../../../src/zookeeper/index.ts';
import { TcpProxy } from '../../client/tcp-proxy.ts';
import { afterwards } from '../../server/running-server.ts';
import { connectNode } from './node-client.ts';
import { startZooKeeper } from './zookeeper-server.ts';

const WAIT = { timeout: 10_000 };
const TIMED_OUT = { code: 'ZOOKEEPER_LOCK_TIMEOUT' };
const BUSY = { code: 'ZOOKEEPER_LOCK_OWNER_BUSY' };

async function run() {
  const server = await startZooKeeper();
  const proxy = await TcpProxy.open(server.address);
  afterwards(() => proxy.close());
  return { proxy, client: await connectNode(proxy), other: await connectNode(server) };
}

describe('a writer that asks for the read lock', () => {
  it('is told in time when no server answers, and again by its signal', async () => {
    const { proxy, client } = await run();
    const { readLock, writeLock } = new ReadWriteLock(client, '/a');
    const owner = {};
    const write = await writeLock.acquire({ owner });
    proxy.cut(true);
    const beganMs = performance.now();
    await expect(readLock.acquire({ owner, timeoutMs: 200 })).rejects.toMatchObject({
      ...TIMED_OUT,
      timeoutMs: 200,
    });
    const reason = new Error('enough');
    const controller = new AbortController();
    const reading = readLock.acquire({ owner, timeoutMs: null, signal: controller.signal });
    controller.abort(reason);
    await expect(reading).rejects.toBe(reason);
    expect(performance.now() - beganMs).toBeLessThan(2_000);
    proxy.isDown = false;
    await expect.poll(() => client.state, WAIT).toBe('connected');
    await expect.poll(() => readLock.getParticipantNodes(), WAIT).toEqual([write.path]);
    expect((await readLock.acquire({ owner })).locked).toBe(true);
  });

  it('leaves no read node that comes late', async () => {
    const { proxy, client, other } = await run();
    const { readLock, writeLock } = new ReadWriteLock(client, '/a');
    const owner = {};
    const write = await writeLock.acquire({ owner });
    proxy.swallowsReplies = true;
    await expect(readLock.acquire({ owner, timeoutMs: 300 })).rejects.toMatchObject(TIMED_OUT);
    expect((await other.getChildren('/a')).children).toHaveLength(2);
    proxy.swallowsReplies = false;
    proxy.cut();
    const names = async () => (await other.getChildren('/a')).children.map((name) => `/a/${name}`);
    await expect.poll(names, WAIT).toEqual([write.path]);
  });
});

describe('an owner that waits', () => {
  it('for the read lock cannot ask for the write lock, nor the other way round', async () => {
    const { client, other } = await run();
    const held = await new ReadWriteLock(other, '/a').writeLock.acquire();
    const { readLock, writeLock } = new ReadWriteLock(client, '/a', { timeoutMs: 10_000 });
    const [one, two] = [{}, {}];
    const reading = readLock.acquire({ owner: one });
    await expect(writeLock.acquire({ owner: one })).rejects.toMatchObject(BUSY);
    const writing = writeLock.acquire({ owner: two });
    await expect(readLock.acquire({ owner: two })).rejects.toMatchObject(BUSY);
    await sleep(100);
    await held.release();
    await (await reading).release();
    const write = await writing;
    // What waits no more is no obstacle.
    expect((await readLock.acquire({ owner: two })).fencingToken).toBe(write.fencingToken);
  });
});

it('several locks and leases say how long their caller was ready to wait', async () => {
  const { client, other } = await run();
  await new Mutex(other, '/b').acquire();
  const locks = ['/a', '/b'].map((path) => new Mutex(client, path));
  await expect(new MultiLock(locks).acquire({ timeoutMs: 500 })).rejects.toThrow(
    'Failed to acquire a lock on /b after 0.5 seconds',
  );
  const semaphore = new Semaphore(client, '/s', { maxLeases: 2 });
  await new Semaphore(other, '/s', { maxLeases: 2 }).acquire();
  await expect(semaphore.acquireMany(2, { timeoutMs: 500 })).rejects.toThrow('on /s after 0.5 seconds');
  await expect(new MultiLock(locks).acquire({ timeoutMs: 0 })).rejects.toMatchObject({
    path: '/b',
    timeoutMs: 0,
  });
});
