import { describe, expect, it } from 'vitest';
import { Semaphore, SharedCount } from '../../../src/zookeeper/index.ts';
import { TcpProxy } from '../../client/tcp-proxy.ts';
import { afterwards } from '../../server/running-server.ts';
import { startForeignClient } from './foreign-client.ts';
import type { ForeignProgram } from './foreign-program.ts';
import { connectNode } from './node-client.ts';
import { startZooKeeper } from './zookeeper-server.ts';

const WAIT = { timeout: 10_000 };

async function run(program: ForeignProgram = 'curator') {
  const server = await startZooKeeper();
  const [client, theirs] = await Promise.all([
    connectNode(server),
    startForeignClient(program, server.address),
  ]);
  return { server, client, theirs };
}

describe('a shared count', () => {
  it.each<ForeignProgram>(['curator', 'curator54'])(
    'is one with that of %s, whoever makes it',
    async (program) => {
      const { client, theirs } = await run(program);
      expect(await theirs.count('/made/by/curator')).toBe(0);
      await theirs.setCount('/made/by/curator', -70_000);
      expect((await SharedCount.open(client, '/made/by/curator', { seed: 3 })).count).toBe(-70_000);
      const ours = await SharedCount.open(client, '/made/here', { seed: 2_000_000_000 });
      expect([ours.count, await theirs.count('/made/here')]).toEqual([2_000_000_000, 2_000_000_000]);
    },
  );

  it('is followed by Curator, and follows it', async () => {
    const { client, theirs } = await run();
    const ours = await SharedCount.open(client, '/count', { seed: 1 });
    const told: number[] = [];
    ours.onChange((count) => told.push(count));
    await theirs.count('/count');
    await theirs.setCount('/count', 2);
    await expect.poll(() => ours.count, WAIT).toBe(2);
    await ours.setCount(3);
    await theirs.events.until('count', '3');
    expect(await theirs.count('/count')).toBe(3);
    expect(await theirs.trySetCount('/count', 4)).toBe(true);
    await expect.poll(() => ours.count, WAIT).toBe(4);
    const { version } = ours.versioned;
    await theirs.setCount('/count', 5);
    expect(await ours.trySetCount(6, version)).toBe(false);
    expect([ours.count, await ours.trySetCount(7)]).toEqual([5, true]);
    await theirs.events.until('count', '7');
    expect(told).toEqual([2, 3, 4, 5, 7]);
  });

  it('is followed over a lost connection, and by the next session', async () => {
    const { server, theirs } = await run();
    const proxy = await TcpProxy.open(server.address);
    afterwards(() => proxy.close());
    const client = await connectNode(proxy, { sessionTimeoutMs: 2_000 });
    const ours = await SharedCount.open(client, '/count');
    const { sessionId } = client;
    proxy.cut(true);
    await theirs.setCount('/count', 1);
    proxy.isDown = false;
    await expect.poll(() => ours.count, WAIT).toBe(1);
    expect(client.sessionId).toBe(sessionId);
    proxy.cut(true);
    await expect.poll(() => client.state, WAIT).toBe('lost');
    await theirs.setCount('/count', 2);
    proxy.isDown = false;
    await expect.poll(() => ours.count, WAIT).toBe(2);
    await theirs.setCount('/count', 3);
    await expect.poll(() => ours.count, WAIT).toBe(3);
  });
});

describe('a semaphore whose size is a shared count', () => {
  it('lets a waiter of ours in when Curator raises it', async () => {
    const { client, theirs } = await run();
    await theirs.count('/size');
    await theirs.setCount('/size', 1);
    await theirs.acquire('sem', '/s,/size');
    const maxLeases = await SharedCount.open(client, '/size');
    const semaphore = new Semaphore(client, '/s', { maxLeases, timeoutMs: 20_000 });
    expect([semaphore.maxLeases, await semaphore.tryAcquire()]).toEqual([1, null]);
    const waiting = semaphore.acquire();
    await expect.poll(() => semaphore.getParticipantNodes(), WAIT).toHaveLength(2);
    const beganMs = performance.now();
    await theirs.setCount('/size', 2);
    expect((await waiting).locked).toBe(true);
    // Long before waiters look by themselves.
    expect(performance.now() - beganMs).toBeLessThan(5_000);
    expect(semaphore.maxLeases).toBe(2);
  });

  it('lets a waiter of Curator in when it is raised here, and nobody when it is lowered', async () => {
    const { client, theirs } = await run();
    const maxLeases = await SharedCount.open(client, '/size', { seed: 1 });
    const semaphore = new Semaphore(client, '/s', { maxLeases, timeoutMs: 20_000 });
    const lease = await semaphore.acquire();
    expect(await theirs.acquire('sem', '/s,/size', { timeoutMs: 200 })).toEqual({ acquired: false });
    const waiting = theirs.acquire('sem', '/s,/size', { timeoutMs: 20_000 });
    await expect.poll(() => semaphore.getParticipantNodes(), WAIT).toHaveLength(2);
    await maxLeases.setCount(2);
    expect(await waiting).toMatchObject({ acquired: true });
    await maxLeases.setCount(1);
    await theirs.events.until('count', '1');
    await lease.release();
    expect(await semaphore.tryAcquire()).toBeNull();
    expect(await theirs.acquire('sem', '/s,/size', { owner: 'b', timeoutMs: 200 })).toEqual({
      acquired: false,
    });
    await theirs.release('sem', '/s,/size');
    expect((await semaphore.acquire()).locked).toBe(true);
  });

  it('is kept to by all while it changes', async () => {
    const { server, client, theirs } = await run();
    const maxLeases = await SharedCount.open(client, '/size', { seed: 1 });
    const others = await Promise.all([0, 1].map(() => startForeignClient('curator', server.address)));
    const semaphore = new Semaphore(client, '/s', { maxLeases, timeoutMs: 30_000 });
    let held = 0;
    let heldMax = 0;
    const use = async (acquire: () => Promise<() => Promise<unknown>>): Promise<void> => {
      for (let i = 0; i < 5; i++) {
        const release = await acquire();
        heldMax = Math.max(heldMax, ++held);
        await new Promise((resolve) => setTimeout(resolve, 20));
        held--;
        await release();
      }
    };
    const ours = [0, 1, 2].map(() =>
      use(async () => {
        const lease = await semaphore.acquire();
        return () => lease.release();
      }),
    );
    const foreign = others.map((other) =>
      use(async () => {
        await other.acquire('sem', '/s,/size', { timeoutMs: 30_000 });
        return () => other.release('sem', '/s,/size');
      }),
    );
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(heldMax).toBe(1);
    await theirs.setCount('/size', 3);
    await Promise.all([...ours, ...foreign]);
    expect([heldMax > 1, heldMax <= 3]).toEqual([true, true]);
  });
});
