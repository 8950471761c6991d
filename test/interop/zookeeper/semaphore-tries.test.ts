import { describe, expect, it } from 'vitest';
import { Semaphore } from '../../../src/zookeeper/index.ts';
import { connectNode } from './node-client.ts';
import { startZooKeeper } from './zookeeper-server.ts';

const WAIT = { timeout: 10_000 };
const TIMED_OUT = { code: 'ZOOKEEPER_LOCK_TIMEOUT' };

async function run() {
  const server = await startZooKeeper();
  return { client: await connectNode(server), other: await connectNode(server) };
}

describe('without any time, a semaphore', () => {
  it('gives the leases that are free, and leaves nothing when none is', async () => {
    const { client, other } = await run();
    const semaphore = new Semaphore(client, '/s', { maxLeases: 3 });
    const theirs = new Semaphore(other, '/s', { maxLeases: 3 });
    const first = await semaphore.acquire({ timeoutMs: 0 });
    const two = await theirs.acquireMany(2, { timeoutMs: 0 });
    expect([first.locked, two.locked]).toEqual([true, true]);
    const before = await client.exists('/s/leases');
    const locksBefore = await client.exists('/s/locks');
    expect(await semaphore.tryAcquire()).toBeNull();
    await expect(semaphore.acquire({ timeoutMs: 0 })).rejects.toMatchObject({ ...TIMED_OUT, timeoutMs: 0 });
    expect([await client.exists('/s/leases'), await client.exists('/s/locks')]).toEqual([
      before,
      locksBefore,
    ]);
    await first.release();
    await expect(semaphore.acquireMany(2, { timeoutMs: 0 })).rejects.toMatchObject(TIMED_OUT);
    await expect.poll(() => semaphore.getParticipantNodes(), WAIT).toHaveLength(2);
    expect((await client.getChildren('/s/locks')).children).toEqual([]);
    expect((await semaphore.tryAcquire())?.locked).toBe(true);
  });

  it('does not pass those who wait', async () => {
    const { client, other } = await run();
    const held = await new Semaphore(client, '/s', { maxLeases: 1 }).acquire();
    const waiting = new Semaphore(other, '/s', { maxLeases: 1 }).acquire({ timeoutMs: 10_000 });
    await expect.poll(async () => (await client.getChildren('/s/leases')).children, WAIT).toHaveLength(2);
    // For this one there would be room, had nobody come before.
    expect(await new Semaphore(client, '/s', { maxLeases: 3 }).tryAcquire()).toBeNull();
    await held.release();
    expect((await waiting).locked).toBe(true);
  });
});
