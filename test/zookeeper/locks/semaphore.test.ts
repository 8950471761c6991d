import { expect, it } from 'vitest';
import type { HeldLock } from '../../../src/zookeeper/locks/held-lock.ts';
import { Semaphore } from '../../../src/zookeeper/locks/semaphore.ts';
import { SharedCount } from '../../../src/zookeeper/locks/shared-count.ts';
import { seededIntegers } from '../../core/random.ts';
import { ModelEnsemble } from '../model/model-ensemble.ts';
import { ModelNodes } from '../model/model-nodes.ts';
import { VirtualTime } from '../model/virtual-time.ts';

async function run() {
  const time = new VirtualTime();
  const ensemble = new ModelEnsemble(time, seededIntegers(1));
  const [nodes, other] = [new ModelNodes(ensemble), new ModelNodes(ensemble)];
  const pass = (ms = 500): Promise<void> => time.runUntil(time.nowMs + ms);
  const come = async <Value>(promise: Promise<Value>): Promise<Value> => {
    promise.catch(() => {});
    await pass();
    return promise;
  };
  await pass();
  return { nodes, other, pass, come };
}

/** Two who wait without end for what is taken. */
function wait(semaphore: Semaphore): HeldLock[] {
  const held: HeldLock[] = [];
  for (let i = 0; i < 2; i++)
    semaphore.acquire({ timeoutMs: null }).then(
      (lease) => held.push(lease),
      () => {},
    );
  return held;
}

it('waiters notice at once that somebody has raised the shared number of leases', async () => {
  const { nodes, other, pass, come } = await run();
  const [ours, theirs] = await come(
    Promise.all([nodes, other].map((from) => SharedCount.open(from, '/size', { seed: 1 }))),
  );
  const semaphore = new Semaphore(nodes, '/s', { maxLeases: ours! });
  await come(semaphore.acquire());
  const held = wait(semaphore);
  await pass(2_000);
  expect([held.length, semaphore.maxLeases]).toEqual([0, 1]);
  await come(theirs!.setCount(2));
  expect([held.length, semaphore.maxLeases]).toEqual([1, 2]);
  await come(ours!.setCount(3));
  expect(held.length).toBe(2);
  await come(theirs!.setCount(1));
  await come(held[0]!.release());
  expect(await come(semaphore.tryAcquire())).toBeNull();
  expect(held[1]!.locked).toBe(true);
});

it('no lease is to be had while the shared number is 0, and more may be wanted than there are now', async () => {
  const { nodes, pass, come } = await run();
  const count = await come(SharedCount.open(nodes, '/size'));
  const semaphore = new Semaphore(nodes, '/s', { maxLeases: count });
  expect(await come(semaphore.tryAcquire())).toBeNull();
  const many = semaphore.acquireMany(2, { timeoutMs: 10_000 });
  await pass();
  await come(count.setCount(2));
  expect((await many).locked).toBe(true);
});

it('waiters notice at once that the number of leases is another here', async () => {
  const { nodes, pass, come } = await run();
  const semaphore = new Semaphore(nodes, '/s', { maxLeases: 1 });
  await come(semaphore.acquire());
  const held = wait(semaphore);
  await pass();
  semaphore.maxLeases = 2;
  await pass();
  expect(held.length).toBe(1);
  semaphore.maxLeases = await come(SharedCount.open(nodes, '/size', { seed: 3 }));
  await pass();
  expect([held.length, semaphore.maxLeases]).toEqual([2, 3]);
  expect(() => {
    semaphore.maxLeases = 0;
  }).toThrow('maxLeases must be');
});
