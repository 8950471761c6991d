import { beforeEach, describe, expect, it, vi } from 'vitest';
import { LeaseAcquisition, type LeaseOptions } from '../../../src/zookeeper/locks/lease-acquisition.ts';
import { LeaseLimit } from '../../../src/zookeeper/locks/lease-limit.ts';
import { pause } from '../../../src/zookeeper/locks/node-removal.ts';
import type { QueueNode } from '../../../src/zookeeper/locks/queue-node.ts';
import { NoAuthError } from '../../../src/zookeeper/server-refusal.ts';
import { ClientClosedError } from '../../../src/zookeeper/zookeeper-error.ts';
import { type NodeRoom, openRoom } from '../model/node-room.ts';

const LOCKS = '/s/locks';
const LEASES = '/s/leases';
const [FIRST, SECOND, THIRD] = ['lease-0000000000', 'lease-0000000001', 'lease-0000000002'];

let room: NodeRoom;
let limit: LeaseLimit;
/** What requests came to, in their order. */
let ends: (QueueNode | null | Error)[];

beforeEach(async () => {
  room = await openRoom();
  limit = new LeaseLimit('/s', 1);
  ends = [];
});

/** Asks, and lets pass what time that needs. */
async function begin(options: Partial<LeaseOptions> = {}): Promise<LeaseAcquisition> {
  const asked = { locks: LOCKS, leases: LEASES, limit, data: Buffer.from('mine'), tries: false };
  const acquisition = new LeaseAcquisition(room.nodes, { ...asked, ...options });
  acquisition.run().then(
    (node) => ends.push(node),
    (error: Error) => ends.push(error),
  );
  await room.pass(50);
  return acquisition;
}

const theirs = (): Promise<QueueNode> => room.queue(LEASES, 'lease-', room.others);
const remove = (path: string): Promise<void> => room.come(room.others.delete(path));
const leases = (): string[] => room.queueAt(LEASES);
const waiting = (): number => room.queueAt(LOCKS).length;
const watches = () => room.nodes.session.watches;

describe('a request for a lease', () => {
  it('has one where there are enough, and leaves the lock to the next', async () => {
    await begin();
    expect(ends).toMatchObject([
      { sessionId: room.nodes.sessionId, path: expect.stringMatching(/^\/s\/leases\/_c_/) },
    ]);
    const [lease] = ends as [QueueNode];
    expect([room.dataAt(lease.path).toString(), leases(), waiting()]).toEqual(['mine', [FIRST], 0]);
    expect([watches().isEmpty, room.nodes.kept]).toEqual([true, 0]);
  });

  it('waits with the lock and its own lease until there are few enough', async () => {
    const held = await theirs();
    await begin();
    expect([ends, leases(), waiting()]).toEqual([[], [FIRST, SECOND], 1]);
    await remove(held.path);
    await room.pass(50);
    expect(ends).toMatchObject([{ name: expect.stringContaining(SECOND!) }]);
    expect([leases(), waiting(), watches().isEmpty]).toEqual([[SECOND], 0, true]);
  });

  it('watches the leases alone, if it has the lock; the next watches the lock alone', async () => {
    const held = await theirs();
    await begin();
    await begin();
    const children = room.ensemble.server.tree
      .children(LOCKS)
      .sort((a, b) => (a.slice(-10) < b.slice(-10) ? -1 : 1));
    expect([watches().paths('children'), watches().paths('data')]).toEqual([
      [LEASES],
      [`${LOCKS}/${children[0]}`],
    ]);
    expect(leases()).toEqual([FIRST, SECOND]);
    await remove(held.path);
    await room.pass(50);
    expect([ends.length, leases(), waiting()]).toEqual([1, [SECOND, THIRD], 1]);
  });

  it('counts whatever stands among the leases, as all others do', async () => {
    limit.source = 2;
    const junk = await room.put(`${LEASES}/junk`);
    await begin();
    await begin();
    expect(ends).toHaveLength(1);
    await remove(junk);
    await room.pass(50);
    expect(ends).toHaveLength(2);
  });

  it('notices at once that there are more leases', async () => {
    await theirs();
    let listeners = 0;
    const onChange = (): (() => void) => {
      listeners++;
      return () => listeners--;
    };
    limit.source = { count: 1, onChange };
    await begin();
    expect([ends, listeners]).toEqual([[], 1]);
    limit.source = { count: 2, onChange };
    await room.pass(50);
    expect([ends.length, listeners]).toEqual([1, 0]);
  });

  it('may have a lease that stays, by a name that is given, below what is made as it is said', async () => {
    await room.put('/s');
    const makeBase = vi.fn(async () => void (await room.others.create(LOCKS)));
    await begin({ prefix: '_c_mine-', mode: 'persistentSequential', makeBase });
    expect(ends).toMatchObject([{ path: `${LEASES}/_c_mine-${FIRST}` }]);
    expect(room.ensemble.server.tree.stat(`${LEASES}/_c_mine-${FIRST}`)).toMatchObject({
      ephemeralOwner: 0n,
    });
    expect(makeBase).toHaveBeenCalledTimes(1);
  });

  it('does not count a lease of its own that came of a lost creation', async () => {
    await room.put(`${LEASES}/_c_mine-lease-`, Buffer.alloc(0), 'ephemeralSequential', room.nodes);
    await begin({ prefix: '_c_mine-' });
    expect(ends).toHaveLength(1);
    expect(leases()).toEqual([`_c_mine-${SECOND}`]);
  });

  it.each(['before', 'after'] as const)('has one lease where an answer is lost: %s', async (cut) => {
    await room.put(LEASES);
    // It stands in line then, and what it writes next is its lease.
    await begin({ queued: async () => void room.cuts.push(cut) });
    await room.pass(100);
    expect([ends.length, leases().length, waiting()]).toEqual([1, 1, 0]);
  });
});

describe('a request that does not wait', () => {
  it('leaves nothing, and writes nothing, where there is no lease', async () => {
    await theirs();
    const asked = vi.spyOn(room.nodes.session, 'request');
    await begin({ tries: true });
    expect(ends).toEqual([null]);
    expect(asked.mock.calls.map(([path, kind]) => `${kind} ${path}`)).toEqual([
      `read ${LEASES}`,
      `sync ${LEASES}`,
      `read ${LEASES}`,
    ]);
  });

  it('has a lease that is free', async () => {
    await begin({ tries: true });
    expect(ends).toMatchObject([{ name: expect.stringContaining(FIRST!) }]);
    expect([waiting(), room.nodes.kept]).toEqual([0, 0]);
  });

  it('waits for who is about to take one, and takes the next', async () => {
    const other = await room.queue(LOCKS, 'lock-', room.others);
    await begin({ tries: true });
    await room.pass(300);
    expect([ends, waiting()]).toEqual([[], 2]);
    await remove(other.path);
    await room.pass(100);
    expect(ends).toMatchObject([{ name: expect.stringContaining(FIRST!) }]);
  });

  it('waits no longer when the last was taken meanwhile', async () => {
    await room.queue(LOCKS, 'lock-', room.others);
    await begin({ tries: true });
    await theirs();
    await room.pass(150);
    expect([ends, waiting()]).toEqual([[null], 1]);
  });

  it('waits a second at most for who does not go on', async () => {
    await room.queue(LOCKS, 'lock-', room.others);
    await begin({ tries: true });
    await room.pass(900);
    expect(ends).toEqual([]);
    await room.pass(200);
    expect([ends, waiting(), leases()]).toEqual([[null], 1, []]);
  });

  it('is told where nobody can say whether there are leases', async () => {
    await room.queue(LOCKS, 'lock-', room.others);
    await begin({ tries: true });
    const refusal = new NoAuthError(LEASES);
    vi.spyOn(room.nodes, 'getChildren').mockRejectedValueOnce(refusal);
    await room.pass(150);
    expect([ends, waiting()]).toEqual([[refusal], 1]);
  });

  it('leaves nothing where the last lease is taken behind its look', async () => {
    const { create } = room.nodes;
    await room.put(LEASES);
    vi.spyOn(room.nodes, 'create').mockImplementation(async (path, options) => {
      if (path.startsWith(LEASES)) await room.others.create(`${LEASES}/junk`).catch(() => {});
      return create.call(room.nodes, path, options);
    });
    await begin({ tries: true });
    await room.pass(100);
    expect([ends, leases(), waiting()]).toEqual([[null], ['junk'], 0]);
  });
});

describe('a request that is cancelled', () => {
  it('leaves nothing, with the lock or without', async () => {
    const held = await theirs();
    const requests = [await begin(), await begin()];
    expect([leases().length, waiting(), room.nodes.kept > 0]).toEqual([2, 2, true]);
    requests[1]!.cancel();
    await room.pass(100);
    expect([ends, leases().length, waiting()]).toEqual([[null], 2, 1]);
    requests[0]!.cancel();
    await room.pass(100);
    expect([ends, leases(), waiting(), room.nodes.kept]).toEqual([[null, null], [FIRST], 0, 0]);
    expect([room.has(held.path), watches().isEmpty]).toEqual([true, true]);
  });
});

describe('what is lost while a request waits', () => {
  it.each(['lease', 'session'])('has it queue anew: its %s', async (what) => {
    const held = await theirs();
    await begin({ prefix: '_c_mine-' });
    if (what === 'lease') await remove(`${LEASES}/_c_mine-${SECOND}`);
    else room.isolate(room.nodes, 3_000);
    await room.pass(4_000);
    expect([ends, leases(), waiting()]).toEqual([[], [FIRST, `_c_mine-${THIRD}`], 1]);
    await remove(held.path);
    await room.pass(50);
    expect(ends).toMatchObject([{ name: `_c_mine-${THIRD}`, sessionId: room.nodes.sessionId }]);
  });

  it.each(['lease', 'lock'])('is told of, if it is to be: its %s', async (what) => {
    const held = await theirs();
    const removed = new Error('somebody removed it');
    await begin({ prefix: '_c_mine-', removed: () => removed });
    if (what === 'lease') await remove(`${LEASES}/_c_mine-${SECOND}`);
    else await remove(`${LOCKS}/_c_mine-lock-0000000000`);
    // There is a lease to be had now, but not for a request that somebody has taken out of the queue.
    await remove(held.path);
    await room.pass(100);
    expect([ends, leases(), waiting()]).toEqual([[removed], [], 0]);
  });

  it('is told of, if it is to be, also where it waits for the lock', async () => {
    await room.queue(LOCKS, 'lock-', room.others);
    const removed = new Error('somebody removed it');
    await begin({ prefix: '_c_mine-', removed: () => removed });
    await remove(`${LOCKS}/_c_mine-lock-0000000001`);
    await room.pass(50);
    expect(ends).toEqual([removed]);
  });

  it('is the session, before a lease is made: then it has one in the next, and the lock of that', async () => {
    await room.put(LEASES);
    let calls = 0;
    const queued = async (): Promise<void> => {
      if (calls++ === 0) room.isolate(room.nodes, 3_000);
    };
    await begin({ queued });
    await room.pass(4_000);
    expect(ends).toMatchObject([{ name: expect.stringContaining(SECOND!), sessionId: room.nodes.sessionId }]);
    expect([calls, leases(), waiting()]).toEqual([2, [SECOND], 0]);
  });

  it('is the session, while the leases are listed: then it has one in the next', async () => {
    const { getChildren } = room.nodes;
    await room.put(LEASES);
    vi.spyOn(room.nodes, 'getChildren').mockImplementation(async (path, watcher) => {
      if (watcher !== undefined && room.nodes.session.losses === 0) {
        room.isolate(room.nodes, 3_000);
        await pause(room.nodes.clock, 50);
      }
      return getChildren.call(room.nodes, path, watcher);
    });
    await begin();
    await room.pass(4_000);
    expect(ends).toMatchObject([{ name: expect.stringContaining(SECOND!), sessionId: room.nodes.sessionId }]);
  });

  it('is the session, while the lock is given back: then it has a lease in the next', async () => {
    await room.put(LEASES);
    const { delete: carryOut } = room.nodes;
    vi.spyOn(room.nodes, 'delete').mockImplementationOnce((...args) => {
      room.isolate(room.nodes, 3_000);
      return carryOut.apply(room.nodes, args);
    });
    await begin();
    await room.pass(4_000);
    expect(ends).toMatchObject([{ name: expect.stringContaining(SECOND!), sessionId: room.nodes.sessionId }]);
    expect([leases(), waiting()]).toEqual([[SECOND], 0]);
  });

  it('is the client: then it fails', async () => {
    await theirs();
    await begin();
    room.nodes.close();
    await room.pass(100);
    expect(ends).toEqual([expect.any(ClientClosedError)]);
    expect([leases(), waiting(), room.nodes.kept]).toEqual([[FIRST], 0, 0]);
  });
});

describe('a request that is refused', () => {
  it('by who looks at it in the queue leaves nothing', async () => {
    const refusal = new Error('another size');
    await begin({ queued: () => Promise.reject(refusal) });
    expect([ends, waiting(), leases()]).toEqual([[refusal], 0, []]);
  });

  it('a lease gives the lock back', async () => {
    const refusal = new NoAuthError(LEASES);
    const { create } = room.nodes;
    vi.spyOn(room.nodes, 'create').mockImplementation((path, options) =>
      path.startsWith(LEASES) ? Promise.reject(refusal) : create.call(room.nodes, path, options),
    );
    await begin();
    expect([ends, waiting()]).toEqual([[refusal], 0]);
  });

  it('the list of leases leaves nothing', async () => {
    const refusal = new NoAuthError(LEASES);
    const { getChildren } = room.nodes;
    vi.spyOn(room.nodes, 'getChildren').mockImplementation((path, watcher) =>
      path === LEASES && watcher !== undefined
        ? Promise.reject(refusal)
        : getChildren.call(room.nodes, path, watcher),
    );
    await begin();
    expect([ends, waiting(), leases()]).toEqual([[refusal], 0, []]);
  });
});
