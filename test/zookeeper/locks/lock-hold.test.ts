import { beforeEach, describe, expect, it, vi } from 'vitest';
import { LockLostError } from '../../../src/zookeeper/locks/lock-error.ts';
import { LockHold } from '../../../src/zookeeper/locks/lock-hold.ts';
import type { QueueNode } from '../../../src/zookeeper/locks/queue-node.ts';
import { type NodeRoom, openRoom } from '../model/node-room.ts';

let room: NodeRoom;
let node: QueueNode;
let hold: LockHold;
/** How often it was said that nobody holds it any more. */
let ends: number;

beforeEach(async () => {
  room = await openRoom();
  node = await room.queue('/lock');
  ends = 0;
  hold = new LockHold(room.nodes, '/lock', node);
  hold.ended = () => void ends++;
});

const leave = (): Promise<boolean> => room.come(hold.leave());

/** The session ends, and another one is there. */
async function loseSession(): Promise<void> {
  room.isolate(room.nodes, 3_000);
  await room.pass(4_000);
  expect(room.nodes.state).toBe('connected');
}

describe('a hold', () => {
  it('has the transaction of its node for a token, unless it is said otherwise', () => {
    expect(hold.fencingToken).toBe(room.ensemble.server.tree.stat(node.path)!.czxid);
    expect(new LockHold(room.nodes, '/lock', node, 7n).fencingToken).toBe(7n);
  });

  it('ends when it is left, and its node with it', async () => {
    expect([hold.isHeld, ends]).toEqual([true, 0]);
    expect([await leave(), room.has(node.path)]).toEqual([true, false]);
    expect([hold.isHeld, ends, await leave(), ends]).toEqual([false, 1, false, 1]);
  });

  it('ends when the last has left who has entered by it', async () => {
    hold.enter();
    hold.enter();
    expect([await leave(), await leave()]).toEqual([true, true]);
    expect([hold.isHeld, ends, room.has(node.path)]).toEqual([true, 0, true]);
    expect([await leave(), hold.isHeld, ends, room.has(node.path)]).toEqual([true, false, 1, false]);
  });

  it('is none any more while its node is being removed', async () => {
    const leaving = hold.leave();
    expect([hold.isHeld, ends]).toEqual([false, 1]);
    expect(await room.come(hold.leave())).toBe(false);
    expect(await room.come(leaving)).toBe(true);
  });

  it.each(['before', 'after'] as const)(
    'is left though the answer of that is lost, %s it was carried out',
    async (cut) => {
      room.cuts.push(cut);
      expect([await leave(), room.has(node.path)]).toEqual([true, false]);
    },
  );

  it('waits with its end for a server that can be reached', async () => {
    room.isolate(room.nodes, 500);
    const leaving = hold.leave();
    await room.pass(450);
    expect(room.has(node.path)).toBe(true);
    expect([await room.come(leaving), room.has(node.path)]).toEqual([true, false]);
  });

  it('does not say that it was there until now where somebody has deleted its node', async () => {
    await room.come(room.others.delete(node.path));
    expect(hold.isHeld).toBe(true);
    expect(await leave()).toBe(false);
  });
});

describe('a hold whose session is over', () => {
  it('is lost, without anybody asking, and tells so', async () => {
    const { signal } = hold;
    expect(signal.aborted).toBe(false);
    await loseSession();
    expect([signal.aborted, ends]).toEqual([true, 1]);
    expect(signal.reason).toBeInstanceOf(LockLostError);
    expect(signal.reason).toMatchObject({
      path: '/lock',
      message: 'the lock /lock is lost: its session is over',
    });
  });

  it('says so where its client was closed, which may have left the session to another one', () => {
    room.nodes.close();
    expect(hold.signal.reason).toMatchObject({ message: 'the lock /lock is lost: its client was closed' });
  });

  it('is not taken for one of the next session, and leaves nothing to delete', async () => {
    await loseSession();
    const deletions = vi.spyOn(room.nodes, 'delete');
    expect([hold.isHeld, await leave(), ends]).toEqual([false, false, 1]);
    expect(deletions).not.toHaveBeenCalled();
    expect(new LockHold(room.nodes, '/lock', node).isHeld).toBe(false);
  });

  it('is found out by the clock, where timers are late', async () => {
    const { signal } = hold;
    room.nodes.clock.stall(5_000);
    await room.pass(900);
    expect([hold.isHeld, signal.aborted]).toEqual([true, false]);
    await room.pass(600);
    expect(signal.aborted).toBe(false);
    expect([hold.signal.aborted, signal.aborted, hold.isHeld]).toEqual([true, true, false]);
  });

  it('is over for all who have entered by it, also where nobody has asked in between', async () => {
    hold.enter();
    room.nodes.clock.stall(5_000);
    await room.pass(1_500);
    expect([await hold.leave(), ends]).toEqual([false, 1]);
  });
});

describe('the signal of a hold', () => {
  it('is the same, whoever asks, and aborted at once for who asks late', async () => {
    expect(hold.signal).toBe(hold.signal);
    const other = new LockHold(room.nodes, '/lock', node);
    await loseSession();
    expect(other.signal.reason).toBeInstanceOf(LockLostError);
    expect(other.signal).toBe(other.signal);
  });

  it('is aborted with the reason by which it was lost first', () => {
    const { signal } = hold;
    hold.lose('somebody took it');
    hold.lose('once more');
    expect([signal.reason.message, ends]).toEqual(['the lock /lock is lost: somebody took it', 1]);
  });

  it('is not aborted where it was left before', async () => {
    await leave();
    hold.lose('too late');
    await loseSession();
    expect([hold.signal.aborted, ends]).toEqual([false, 1]);
  });
});

it.each(['left', 'lost'])('a hold that is %s listens to nothing any more', async (how) => {
  let listeners = 0;
  const { onState } = room.nodes;
  vi.spyOn(room.nodes, 'onState').mockImplementation((listener) => {
    const end = onState.call(room.nodes, listener);
    listeners++;
    return () => {
      listeners--;
      end();
    };
  });
  const other = new LockHold(room.nodes, '/lock', node);
  expect(listeners).toBe(1);
  if (how === 'lost') other.lose('it is');
  else await room.come(other.leave());
  expect(listeners).toBe(0);
});
