import { beforeEach, expect, it, vi } from 'vitest';
import { HeldLock } from '../../../src/zookeeper/locks/held-lock.ts';
import { HeldLocks } from '../../../src/zookeeper/locks/held-locks.ts';
import { LockHold } from '../../../src/zookeeper/locks/lock-hold.ts';
import { NoAuthError } from '../../../src/zookeeper/server-refusal.ts';
import { type NodeRoom, openRoom } from '../model/node-room.ts';

let room: NodeRoom;
let held: HeldLocks;

beforeEach(async () => {
  room = await openRoom();
  const holds = [];
  for (const base of ['/a', '/b']) holds.push(new LockHold(room.nodes, base, await room.queue(base)));
  held = new HeldLocks(holds.map((hold) => new HeldLock(hold, () => {})));
});

it('locks are held together while each of them is', async () => {
  expect(held.locked).toBe(true);
  await room.come(held.locks[1]!.release());
  expect([held.locked, held.locks[0]!.locked]).toEqual([false, true]);
  expect([await room.come(held.release()), held.locks[0]!.locked]).toEqual([false, false]);
});

it('the last of several locks is released first', async () => {
  const deleted = vi.spyOn(room.nodes, 'delete');
  expect(await room.come(held.release())).toBe(true);
  expect(deleted.mock.calls.map(([path]) => path.slice(0, 2))).toEqual(['/b', '/a']);
});

it('all locks are released though one cannot be, which is told', async () => {
  const refusal = new NoAuthError('/b');
  vi.spyOn(room.nodes, 'delete').mockRejectedValueOnce(refusal);
  await expect(room.come(held[Symbol.asyncDispose]())).rejects.toMatchObject({ errors: [refusal] });
  expect([room.queueAt('/a').length, room.queueAt('/b').length]).toEqual([0, 1]);
});
