import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { HeldLocks } from '../../../src/zookeeper/locks/held-locks.ts';
import { LockTimeoutError } from '../../../src/zookeeper/locks/lock-error.ts';
import { MultiLock } from '../../../src/zookeeper/locks/multi-lock.ts';
import { Mutex } from '../../../src/zookeeper/locks/mutex.ts';
import type { AcquireOptions } from '../../../src/zookeeper/locks/queued-lock.ts';
import type { SessionClock } from '../../../src/zookeeper/nodes.ts';
import { NoAuthError } from '../../../src/zookeeper/server-refusal.ts';
import { type NodeRoom, openRoom } from '../model/node-room.ts';

const PATHS = ['/c', '/a', '/b'];

let room: NodeRoom;
let all: MultiLock;

beforeEach(async () => {
  room = await openRoom();
  all = new MultiLock(PATHS.map((path) => new Mutex(room.nodes, path)));
});

afterEach(() => {
  vi.restoreAllMocks();
});

/** Its outcome is looked at later. */
function begin(options?: AcquireOptions): Promise<HeldLocks> {
  const acquiring = all.acquire(options);
  acquiring.catch(() => {});
  return acquiring;
}

const acquire = (options?: AcquireOptions): Promise<HeldLocks> => room.come(begin(options));
/** How many stand in the queue of each lock, in the order of the locks. */
const queues = (): number[] => PATHS.map((path) => room.queueAt(path).length);
const theirs = async (path: string): Promise<string> => (await room.queue(path, 'lock-', room.others)).path;
const remove = (path: string): Promise<void> => room.come(room.others.delete(path));
/** The locks whose nodes are deleted from now on. */
function deletions(): () => string[] {
  const deleted = vi.spyOn(room.nodes, 'delete');
  return () => deleted.mock.calls.map(([path]) => path.slice(0, 2));
}

describe('several locks', () => {
  it('are acquired in the order in which they are named', async () => {
    const [first, second] = [await theirs('/c'), await theirs('/a')];
    const acquiring = begin({ timeoutMs: null });
    await room.pass(100);
    expect(queues()).toEqual([2, 1, 0]);
    await remove(first);
    await room.pass(100);
    expect(queues()).toEqual([1, 2, 0]);
    await remove(second);
    const held = await room.come(acquiring);
    expect(held.locks.map(({ path }) => path.slice(0, 2))).toEqual(PATHS);
    expect([held.locked, queues()]).toEqual([true, [1, 1, 1]]);
  });

  it('are released in the reverse order', async () => {
    const held = await acquire();
    const deleted = deletions();
    expect([await room.come(held.release()), held.locked]).toEqual([true, false]);
    expect([deleted(), queues()]).toEqual([PATHS.toReversed(), [0, 0, 0]]);
  });

  it('are held together only while each of them is', async () => {
    const held = await acquire();
    await room.come(held.locks[1]!.release());
    expect(held.locked).toBe(false);
    expect([await room.come(held.release()), queues()]).toEqual([false, [0, 0, 0]]);
  });

  it('are released though one of them cannot be, and its failure is told of', async () => {
    const held = await acquire();
    const refusal = new NoAuthError('/b');
    vi.spyOn(room.nodes, 'delete').mockRejectedValueOnce(refusal);
    const releasing = room.come(held.release());
    await expect(releasing).rejects.toThrow(AggregateError);
    await expect(releasing).rejects.toMatchObject({ errors: [refusal] });
    expect(queues()).toEqual([0, 0, 1]);
  });

  it('are released at the end of a block', async () => {
    const block = async (): Promise<number[]> => {
      await using held = await all.acquire();
      return held.locked ? queues() : [];
    };
    expect([await room.come(block()), queues()]).toEqual([
      [1, 1, 1],
      [0, 0, 0],
    ]);
  });

  it('are entered again by their owner', async () => {
    const owner = {};
    const [held, again] = [await acquire({ owner }), await acquire({ owner })];
    await room.come(held.release());
    expect([again.locked, queues()]).toEqual([true, [1, 1, 1]]);
  });
});

describe('several locks of which one cannot be had', () => {
  it('leave nothing, and name it', async () => {
    await theirs('/b');
    const deleted = deletions();
    const refused = begin();
    await room.pass(950);
    expect(queues()).toEqual([1, 1, 2]);
    await room.pass(100);
    await expect(refused).rejects.toThrow(LockTimeoutError);
    await expect(refused).rejects.toMatchObject({ path: '/b', timeoutMs: 1_000 });
    // Its own node is removed behind its back.
    expect(deleted().filter((path) => path !== '/b')).toEqual(['/a', '/c']);
    expect(queues()).toEqual([0, 0, 1]);
  });

  it('have one time for all of them', async () => {
    const nodes = [await theirs('/c'), await theirs('/a'), await theirs('/b')];
    all.timeoutMs = 900;
    const refused = begin();
    for (const node of nodes.slice(0, 2)) {
      await room.pass(400);
      await remove(node);
    }
    await room.pass(50);
    expect(queues()).toEqual([1, 1, 2]);
    await room.pass(70);
    await expect(refused).rejects.toMatchObject({ path: '/b', timeoutMs: 900 });
    expect(queues()).toEqual([0, 0, 1]);
  });

  it('are not asked for one by one when their time is over', async () => {
    // The time of the second is over in the moment in which the first is granted.
    const node = await theirs('/c');
    let lateMs = 0;
    const { clock } = room.nodes;
    const late: SessionClock = {
      nowMs: () => clock.nowMs() + lateMs,
      after: (waitMs, call) => clock.after(waitMs, call),
    };
    vi.spyOn(all.locks[0]!, 'clock', 'get').mockReturnValue(late);
    const refused = begin({ timeoutMs: 500 });
    await room.pass(400);
    lateMs = 200;
    await remove(node);
    await expect(room.come(refused)).rejects.toMatchObject({ path: '/a', timeoutMs: 500 });
    expect([queues(), room.has('/a')]).toEqual([[0, 0, 0], false]);
  });

  it('are refused in time though no server can be reached, and leave nothing', async () => {
    await theirs('/b');
    const refused = begin({ timeoutMs: 500 });
    await room.pass(100);
    room.isolate(room.nodes, 5_000);
    await room.pass(405);
    await expect(Promise.race([refused, room.pass(0)])).rejects.toMatchObject({ path: '/b', timeoutMs: 500 });
    expect(queues()).toEqual([1, 1, 2]);
    await room.pass(10_000);
    expect(queues()).toEqual([0, 0, 1]);
  });

  it('are given back behind the back of whoever gives up while no server can be reached', async () => {
    await theirs('/b');
    const controller = new AbortController();
    const refused = begin({ timeoutMs: null, signal: controller.signal });
    await room.pass(100);
    room.isolate(room.nodes, 5_000);
    controller.abort(new Error('enough'));
    await expect(Promise.race([refused, room.pass(5)])).rejects.toThrow('enough');
    await room.pass(10_000);
    expect(queues()).toEqual([0, 0, 1]);
  });

  it('are tried where there is no time', async () => {
    const node = await theirs('/a');
    await expect(acquire({ timeoutMs: 0 })).rejects.toMatchObject({ path: '/a', timeoutMs: 0 });
    expect(queues()).toEqual([0, 1, 0]);
    await remove(node);
    expect((await acquire({ timeoutMs: 0 })).locked).toBe(true);
  });

  it('are waited for as long as it takes where that is said', async () => {
    const node = await theirs('/b');
    const acquiring = begin({ timeoutMs: null });
    await room.pass(20_000);
    await remove(node);
    expect((await room.come(acquiring)).locked).toBe(true);
  });

  it('leave nothing where a signal aborts, and tell its reason', async () => {
    await theirs('/b');
    const controller = new AbortController();
    const refused = begin({ signal: controller.signal });
    await room.pass(100);
    controller.abort(new Error('enough'));
    await room.pass(100);
    await expect(refused).rejects.toThrow('enough');
    expect(queues()).toEqual([0, 0, 1]);
  });

  it('leave nothing where one is refused, which is told as it is', async () => {
    const refusal = new NoAuthError('/a');
    const { create } = room.nodes;
    vi.spyOn(room.nodes, 'create').mockImplementation((path, options) =>
      path.startsWith('/a') ? Promise.reject(refusal) : create.call(room.nodes, path, options),
    );
    await expect(acquire()).rejects.toBe(refusal);
    expect([queues(), room.has('/b')]).toEqual([[0, 0, 0], false]);
  });
});
