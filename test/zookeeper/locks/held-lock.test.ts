import { beforeEach, describe, expect, it } from 'vitest';
import { HeldLock } from '../../../src/zookeeper/locks/held-lock.ts';
import { LockLostError } from '../../../src/zookeeper/locks/lock-error.ts';
import { LockHold } from '../../../src/zookeeper/locks/lock-hold.ts';
import type { QueueNode } from '../../../src/zookeeper/locks/queue-node.ts';
import { type NodeRoom, openRoom } from '../model/node-room.ts';

let room: NodeRoom;
let node: QueueNode;
let hold: LockHold;
let lock: HeldLock;
/** How often it was said that it is released. */
let releases: number;

beforeEach(async () => {
  room = await openRoom();
  node = await room.queue('/lock');
  releases = 0;
  hold = new LockHold(room.nodes, '/lock', node, 77n);
  lock = new HeldLock(hold, () => void releases++);
});

async function loseSession(): Promise<void> {
  room.isolate(room.nodes, 3_000);
  await room.pass(4_000);
}

describe('a held lock', () => {
  it('has the path of its node and the token of its hold', () => {
    expect([lock.path, lock.fencingToken]).toEqual([node.path, 77n]);
  });

  it('is held until it is released', async () => {
    expect([lock.locked, releases]).toEqual([true, 0]);
    lock.assertHeld();
    expect([await room.come(lock.release()), room.has(node.path)]).toEqual([true, false]);
    expect([lock.locked, releases]).toEqual([false, 1]);
    expect(() => lock.assertHeld()).toThrow(LockLostError);
    expect(() => lock.assertHeld()).toThrow(`the lock ${node.path} is not held any more: it was released`);
    expect(lock.signal.aborted).toBe(false);
  });

  it('is released once, whoever else has entered by the same hold', async () => {
    hold.enter();
    const other = new HeldLock(hold, () => {});
    expect(await room.come(lock.release())).toBe(true);
    expect([await room.come(lock.release()), releases]).toEqual([false, 1]);
    expect([lock.locked, other.locked, room.has(node.path)]).toEqual([false, true, true]);
    expect([await room.come(other.release()), room.has(node.path)]).toEqual([true, false]);
  });

  it('is not released by who asks while it is', async () => {
    const both = Promise.all([lock.release(), lock.release()]);
    expect([await room.come(both), releases]).toEqual([[true, false], 1]);
  });
});

describe('a lock that is lost', () => {
  it('tells so, to who asks and to who listens', async () => {
    let reason: unknown = null;
    const { signal } = lock;
    signal.addEventListener('abort', () => {
      reason = signal.reason;
    });
    await loseSession();
    expect(reason).toBeInstanceOf(LockLostError);
    expect(lock.locked).toBe(false);
    expect(() => lock.assertHeld()).toThrow('the lock /lock is lost: its session is over');
  });

  it('is released without a word, and was not held until then', async () => {
    await loseSession();
    expect([await room.come(lock.release()), releases]).toEqual([false, 1]);
  });

  it('is not believed in by who looks at it before any timer does', async () => {
    room.nodes.clock.stall(5_000);
    await room.pass(1_500);
    expect(() => lock.assertHeld()).toThrow(LockLostError);
    expect(lock.locked).toBe(false);
  });
});

describe('a block that uses a lock', () => {
  it('releases it at its end', async () => {
    let isLockedInside = false;
    const block = async (): Promise<void> => {
      await using held = lock;
      isLockedInside = held.locked;
    };
    await room.come(block());
    expect([isLockedInside, lock.locked, room.has(node.path)]).toEqual([true, false, false]);
  });

  it('releases it when it fails, too, and after it was released inside', async () => {
    const block = async (): Promise<void> => {
      await using held = lock;
      await held.release();
      throw new Error('a bug');
    };
    await expect(room.come(block())).rejects.toThrow('a bug');
    expect([releases, room.has(node.path)]).toEqual([1, false]);
  });
});
