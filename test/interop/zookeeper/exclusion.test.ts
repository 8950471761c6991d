import { describe, expect, it } from 'vitest';
import { type ForeignClient, type ForeignKind, startForeignClient } from './foreign-client.ts';
import type { ForeignProgram } from './foreign-program.ts';
import { startZooKeeper } from './zookeeper-server.ts';

const others: readonly ForeignProgram[] = ['curator', 'curator54', 'kazurator', 'kazoo'];
const WAIT = { timeout: 10_000 };

async function startTwo(other: ForeignProgram) {
  const server = await startZooKeeper();
  const [ours, theirs] = await Promise.all([
    startForeignClient('node', server.address),
    startForeignClient(other, server.address),
  ]);
  return { server, ours, theirs };
}

type Party = readonly [client: ForeignClient, kind: ForeignKind];

/** One holds, the other waits and has it within a second of the release; then nothing is left. */
async function expectHandOver(path: string, [holder, held]: Party, [waiter, wanted]: Party): Promise<void> {
  expect(await holder.acquire(held, path)).toMatchObject({ acquired: true });
  expect(await waiter.acquire(wanted, path, { timeoutMs: 150 })).toMatchObject({ acquired: false });
  const waiting = waiter.acquire(wanted, path, { timeoutMs: 10_000 });
  await expect.poll(() => holder.children(path), WAIT).toHaveLength(2);
  const beganMs = performance.now();
  await holder.release(held, path);
  expect(await waiting).toMatchObject({ acquired: true });
  expect(performance.now() - beganMs).toBeLessThan(1_000);
  await waiter.release(wanted, path);
  expect(await holder.children(path)).toEqual([]);
}

describe.each(others)('beside %s', (other) => {
  it.each<[ForeignKind, ForeignKind]>([
    ['mutex', 'mutex'],
    ['write', 'write'],
    ['write', 'read'],
    ['read', 'write'],
  ])('%s and %s exclude each other, whoever comes first', async (held, wanted) => {
    const { ours, theirs } = await startTwo(other);
    await expectHandOver('/locks/a', [ours, held], [theirs, wanted]);
    await expectHandOver('/locks/a', [theirs, held], [ours, wanted]);
  });

  it('readers read together, and a writer waits for the last of them', async () => {
    const { ours, theirs } = await startTwo(other);
    await ours.acquire('read', '/a', { owner: 'one' });
    expect(await theirs.acquire('read', '/a', { timeoutMs: 5_000 })).toMatchObject({ acquired: true });
    const writer = ours.acquire('write', '/a', { owner: 'two', timeoutMs: 10_000 });
    await expect.poll(() => theirs.children('/a'), WAIT).toHaveLength(3);
    await ours.release('read', '/a', { owner: 'one' });
    const early = await Promise.race([writer, new Promise((resolve) => setTimeout(resolve, 300, 'waits'))]);
    expect(early).toBe('waits');
    await theirs.release('read', '/a');
    expect(await writer).toMatchObject({ acquired: true });
  });
});

it('the queue is one for all, in the order in which they came', async () => {
  const server = await startZooKeeper();
  const programs: ForeignProgram[] = ['node', 'curator', 'kazurator', 'node', 'kazoo', 'curator54'];
  const clients = await Promise.all(programs.map((name) => startForeignClient(name, server.address)));
  const holder = await startForeignClient('node', server.address);
  await holder.acquire('mutex', '/a');
  const order: number[] = [];
  const all: Promise<void>[] = [];
  for (const [i, client] of clients.entries()) {
    const waiting = client.acquire('mutex', '/a', { timeoutMs: 20_000 });
    await expect.poll(() => holder.children('/a'), WAIT).toHaveLength(i + 2);
    const turn = async (): Promise<void> => {
      expect(await waiting).toMatchObject({ acquired: true });
      order.push(i);
      await client.release('mutex', '/a');
    };
    all.push(turn());
  }
  await holder.release('mutex', '/a');
  await Promise.all(all);
  expect(order).toEqual([0, 1, 2, 3, 4, 5]);
  expect(await holder.children('/a')).toEqual([]);
});

it('kazurator counts the leases of a mutex as this does', async () => {
  const { ours, theirs } = await startTwo('kazurator');
  await ours.acquire('mutex', '/a', { n: 2 });
  await theirs.acquire('mutex', '/a', { n: 2 });
  for (const client of [ours, theirs])
    expect(await client.acquire('mutex', '/a', { n: 2, owner: 'third', timeoutMs: 200 })).toEqual({
      acquired: false,
      reason: 'Failed to acquire a lock on /a after 0.2 seconds',
    });
  const third = ours.acquire('mutex', '/a', { n: 2, owner: 'third', timeoutMs: 10_000 });
  await theirs.release('mutex', '/a', { n: 2 });
  expect(await third).toMatchObject({ acquired: true });
});
