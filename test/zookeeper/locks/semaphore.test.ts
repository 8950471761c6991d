import { describe, expect, it } from 'vitest';
import type { HeldLock } from '../../../src/zookeeper/locks/held-lock.ts';
import type { HeldLocks } from '../../../src/zookeeper/locks/held-locks.ts';
import { type LeaseRequest, Semaphore } from '../../../src/zookeeper/locks/semaphore.ts';
import { SharedCount } from '../../../src/zookeeper/locks/shared-count.ts';
import { seededIntegers } from '../../core/random.ts';
import { ModelEnsemble } from '../model/model-ensemble.ts';
import { ModelNodes } from '../model/model-nodes.ts';
import { openRoom } from '../model/node-room.ts';
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

describe('several leases of which not all can be had', () => {
  /** Two of three are wanted, of which somebody else has two. */
  async function want(request: LeaseRequest) {
    const room = await openRoom();
    const [ours, theirs] = [room.nodes, room.others].map(
      (nodes) => new Semaphore(nodes, '/s', { maxLeases: 3 }),
    );
    await room.come(theirs!.acquireMany(2));
    const refused: Promise<HeldLocks> = ours!.acquireMany(2, request);
    refused.catch(() => {});
    await room.pass(100);
    const leases = (): number => room.queueAt('/s/leases').length;
    expect(leases()).toBe(4);
    return { room, refused, leases };
  }

  it('are given back before that is told', async () => {
    const { room, refused, leases } = await want({ timeoutMs: 500 });
    await room.pass(405);
    await expect(refused).rejects.toMatchObject({ path: '/s', timeoutMs: 500 });
    expect(leases()).toBe(2);
  });

  it('are refused in time though no server can be reached, and leave nothing', async () => {
    const { room, refused, leases } = await want({ timeoutMs: 500 });
    room.isolate(room.nodes, 5_000);
    await room.pass(405);
    await expect(Promise.race([refused, room.pass(0)])).rejects.toMatchObject({ path: '/s', timeoutMs: 500 });
    expect(leases()).toBe(4);
    await room.pass(10_000);
    expect(leases()).toBe(2);
  });

  it('are given back behind the back of whoever gives up while no server can be reached', async () => {
    const controller = new AbortController();
    const { room, refused, leases } = await want({ timeoutMs: null, signal: controller.signal });
    room.isolate(room.nodes, 5_000);
    controller.abort(new Error('enough'));
    await expect(Promise.race([refused, room.pass(5)])).rejects.toThrow('enough');
    await room.pass(10_000);
    expect(leases()).toBe(2);
  });
});
