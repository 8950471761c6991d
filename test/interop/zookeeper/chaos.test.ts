import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { type HeldLock, Mutex, ZooKeeperError } from '../../../src/zookeeper/index.ts';
import { TcpProxy } from '../../client/tcp-proxy.ts';
import { afterwards } from '../../server/running-server.ts';
import { connectNode } from './node-client.ts';
import { startZooKeeper } from './zookeeper-server.ts';

const CLIENTS = 5;
const TROUBLE_MS = 12_000;

/** Troubles one connection after the other, in one way after the other. */
async function trouble(proxies: readonly TcpProxy[], untilMs: number): Promise<void> {
  while (performance.now() < untilMs) {
    await sleep(Math.random() * 300);
    const proxy = proxies[Math.floor(Math.random() * proxies.length)]!;
    const kind = Math.floor(Math.random() * 4);
    if (kind === 0) proxy.cut();
    else if (kind === 1) {
      proxy.swallowsReplies = true;
      await sleep(Math.random() * 2_500);
      proxy.swallowsReplies = false;
      // What was swallowed is not to be followed by what comes behind it.
      proxy.cut();
    } else if (kind === 2) {
      proxy.cut(true);
      await sleep(Math.random() * 3_000);
      proxy.isDown = false;
    } else {
      proxy.delayMs = Math.random() * 80;
      await sleep(300);
      proxy.delayMs = 0;
    }
  }
}

it('whatever the network does, nobody holds together with another, and nobody waits for ever', async () => {
  const server = await startZooKeeper();
  const onlooker = await connectNode(server, { sessionTimeoutMs: 30_000 });
  const holders = new Set<HeldLock>();
  const untilMs = performance.now() + TROUBLE_MS;
  let [grants, suspensions, timeouts] = [0, 0, 0];
  let token = 0n;

  async function use(lock: HeldLock): Promise<void> {
    grants++;
    expect([...holders].filter(({ locked }) => locked)).toEqual([]);
    expect(lock.fencingToken).toBeGreaterThan(token);
    token = lock.fencingToken;
    holders.add(lock);
    const steps = Math.random() < 0.05 ? 500 : 5;
    for (let i = 0; i < steps && lock.locked; i++) {
      await sleep(Math.random() * 10);
      const others = [...holders].filter((other) => other !== lock && other.locked);
      if (lock.locked) expect(others).toEqual([]);
    }
    holders.delete(lock);
    await lock.release();
  }

  async function work(proxy: TcpProxy): Promise<void> {
    const client = await connectNode(proxy, { sessionTimeoutMs: 2_000 });
    client.onState((state) => {
      if (state === 'suspended') suspensions++;
    });
    const mutex = new Mutex(client, '/a');
    while (performance.now() < untilMs) {
      try {
        await use(await mutex.acquire({ timeoutMs: Math.random() < 0.3 ? 50 : 10_000 }));
      } catch (error) {
        if (!(error instanceof ZooKeeperError)) throw error;
        timeouts++;
      }
    }
    await troubled;
    // When all is well again, everybody has it once more.
    await use(await mutex.acquire({ timeoutMs: 20_000 }));
  }

  const proxies = await Promise.all(Array.from({ length: CLIENTS }, () => TcpProxy.open(server.address)));
  for (const proxy of proxies) afterwards(() => proxy.close());
  const troubled = trouble(proxies, untilMs);
  await Promise.all(proxies.map(work));
  await expect.poll(async () => (await onlooker.getChildren('/a')).children, { timeout: 10_000 }).toEqual([]);
  // The trouble was real, and so was the work.
  expect([grants > 20, suspensions > 2, timeouts > 0]).toEqual([true, true, true]);
}, 90_000);
