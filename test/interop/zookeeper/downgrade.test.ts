import { expect, it } from 'vitest';
import { ReadWriteLock } from '../../../src/zookeeper/index.ts';
import { startForeignClient } from './foreign-client.ts';
import type { ForeignProgram } from './foreign-program.ts';
import { connectNode } from './node-client.ts';
import { startZooKeeper } from './zookeeper-server.ts';

const WAIT = { timeout: 10_000 };
const waits = (promise: Promise<unknown>): Promise<unknown> =>
  Promise.race([promise, new Promise((resolve) => setTimeout(resolve, 400, 'waits'))]);

it.each<ForeignProgram>(['curator', 'curator54', 'kazurator', 'node'])(
  'a writer of %s that has queued waits for a reader that was the writer before',
  async (other) => {
    const server = await startZooKeeper();
    const theirs = await startForeignClient(other, server.address);
    const client = await connectNode(server);
    const { readLock, writeLock } = new ReadWriteLock(client, '/a');
    const owner = {};
    const write = await writeLock.acquire({ owner });
    const waiting = theirs.acquire('write', '/a', { timeoutMs: 15_000 });
    await expect.poll(() => theirs.children('/a'), WAIT).toHaveLength(2);
    const read = await readLock.acquire({ owner });
    expect(read.path.slice(-18)).toBe(`__READ__${write.path.slice(-10)}`);
    expect(read.fencingToken).toBe(write.fencingToken);
    await write.release();
    expect(await waits(waiting)).toBe('waits');
    await read.release();
    expect(await waiting).toMatchObject({ acquired: true });
  },
);

it('a reader of Curator that was the writer before is waited for', async () => {
  const server = await startZooKeeper();
  const theirs = await startForeignClient('curator', server.address);
  const { writeLock } = new ReadWriteLock(await connectNode(server), '/a');
  await theirs.acquire('write', '/a');
  const waiting = writeLock.acquire({ timeoutMs: 15_000 });
  await expect.poll(() => theirs.children('/a'), WAIT).toHaveLength(2);
  await theirs.acquire('read', '/a');
  await theirs.release('write', '/a');
  expect(await waits(waiting)).toBe('waits');
  await theirs.release('read', '/a');
  expect((await waiting).locked).toBe(true);
});

it('an owner that reads cannot write before it has stopped, and is told so at once', async () => {
  const server = await startZooKeeper();
  const { readLock, writeLock } = new ReadWriteLock(await connectNode(server), '/a');
  const owner = {};
  const read = await readLock.acquire({ owner });
  await expect(writeLock.acquire({ owner })).rejects.toMatchObject({ code: 'ZOOKEEPER_LOCK_UPGRADE' });
  await read.release();
  expect((await writeLock.acquire({ owner })).locked).toBe(true);
});

it('an owner enters again, and leaves as often, without asking anybody', async () => {
  const server = await startZooKeeper();
  const client = await connectNode(server);
  const { writeLock } = new ReadWriteLock(client, '/a');
  const owner = {};
  const first = await writeLock.acquire({ owner });
  const before = await server.counters();
  const again = await writeLock.acquire({ owner });
  expect(again.path).toBe(first.path);
  expect([await first.release(), again.locked, first.locked]).toEqual([true, true, false]);
  const after = await server.counters();
  expect(after.packetsReceived - before.packetsReceived).toBeLessThanOrEqual(3);
  expect((await client.getChildren('/a')).children).toHaveLength(1);
  expect([await again.release(), await again.release()]).toEqual([true, false]);
  expect((await client.getChildren('/a')).children).toEqual([]);
});
