import { beforeEach, describe, expect, it, vi } from 'vitest';
import { Limits } from '../../../src/base/limits.ts';
import { Acquisition, type AcquisitionOptions } from '../../../src/zookeeper/locks/acquisition.ts';
import { SequenceExhaustedError } from '../../../src/zookeeper/locks/lock-error.ts';
import { pause } from '../../../src/zookeeper/locks/node-removal.ts';
import type { QueueNode } from '../../../src/zookeeper/locks/queue-node.ts';
import { MUTEX } from '../../../src/zookeeper/locks/standing.ts';
import { nameOf } from '../../../src/zookeeper/node-path.ts';
import { NoAuthError } from '../../../src/zookeeper/server-refusal.ts';
import {
  ClientClosedError,
  ConnectionLossError,
  RequestTimeoutError,
} from '../../../src/zookeeper/zookeeper-error.ts';
import { type NodeRoom, openRoom } from '../model/node-room.ts';

const BASE = '/lock';
const [FIRST, SECOND, THIRD, FOURTH] = [0, 1, 2, 3].map((number) => `lock-000000000${number}`);

let room: NodeRoom;
/** What requests came to, in their order. */
let ends: (QueueNode | null | Error)[];

beforeEach(async () => {
  room = await openRoom();
  ends = [];
});

function request(options: Partial<AcquisitionOptions> = {}): Acquisition {
  const asked = { base: BASE, rule: () => MUTEX, data: Buffer.from('mine'), tries: false };
  return new Acquisition(room.nodes, { ...asked, ...options });
}

/** Asks, and lets pass what time that needs. */
async function begin(options?: Partial<AcquisitionOptions>): Promise<Acquisition> {
  const acquisition = request(options);
  acquisition.run().then(
    (node) => ends.push(node),
    (error: Error) => ends.push(error),
  );
  await room.pass(50);
  return acquisition;
}

const theirs = (): Promise<QueueNode> => room.queue(BASE, 'lock-', room.others);
const remove = (path: string): Promise<void> => room.come(room.others.delete(path));
const queue = (): string[] => room.queueAt(BASE);
const watched = (): string[] => room.nodes.session.watches.paths('data');
/** What is asked of the servers from now on: how, and where. */
function requests(): () => string[] {
  const asked = vi.spyOn(room.nodes.session, 'request');
  return () => asked.mock.calls.map(([path, kind]) => `${kind} ${path}`);
}

describe('a request for a lock that is free', () => {
  it('has it at once, for one creation and the list behind it', async () => {
    await room.put(BASE);
    const asked = requests();
    await begin({ prefix: '_c_mine-' });
    expect(ends).toMatchObject([{ path: `${BASE}/_c_mine-${FIRST}`, sessionId: room.nodes.sessionId }]);
    expect(room.dataAt(`${BASE}/_c_mine-${FIRST}`).toString()).toBe('mine');
    expect(asked()).toEqual([`write ${BASE}/_c_mine-lock-`, `read ${BASE}`]);
    expect(watched()).toEqual([]);
  });

  it('may leave a node that stays, below one that is made as it is said', async () => {
    const makeBase = async (): Promise<void> => void (await room.others.create(BASE));
    await begin({ makeBase, mode: 'persistentSequential' });
    const [node] = ends as [QueueNode];
    expect(room.ensemble.server.tree.stat(node.path)).toMatchObject({ ephemeralOwner: 0n });
    await remove(node.path);
    await room.pass(1_000);
    expect(room.has(BASE)).toBe(true);
  });
});

describe('a request for a lock that is taken', () => {
  it('watches the one before it and no other, and is granted when that is gone', async () => {
    const [holder, before] = [await theirs(), await theirs()];
    await begin();
    await theirs();
    expect([queue(), watched(), ends]).toEqual([[FIRST, SECOND, THIRD, FOURTH], [before.path], []]);
    await remove(holder.path);
    await room.pass(50);
    expect([ends, watched()]).toEqual([[], [before.path]]);
    await remove(before.path);
    await room.pass(50);
    expect(ends).toMatchObject([{ name: expect.stringContaining(THIRD!) }]);
    expect(watched()).toEqual([]);
  });

  it('takes the end of the one before it for no grant', async () => {
    const [holder, before] = [await theirs(), await theirs()];
    await begin();
    await remove(before.path);
    await room.pass(50);
    expect([ends, watched()]).toEqual([[], [holder.path]]);
    await remove(holder.path);
    await room.pass(50);
    expect(ends).toHaveLength(1);
  });

  it('is woken with nobody else by the end of a lock', async () => {
    const holder = await theirs();
    for (let i = 0; i < 3; i++) await begin();
    const asked = requests();
    await remove(holder.path);
    await room.pass(50);
    expect([ends.length, asked()]).toEqual([1, [`read ${BASE}`]]);
  });

  it('finds out by another way where it may not read the one before it', async () => {
    const holder = await theirs();
    vi.spyOn(room.nodes, 'getData').mockRejectedValue(new NoAuthError(holder.path));
    await begin();
    expect([ends, watched()]).toEqual([[], [holder.path]]);
    await remove(holder.path);
    await room.pass(50);
    expect(ends).toHaveLength(1);
  });

  it('looks every second where servers do not tell of what may not be read', async () => {
    const holder = await theirs();
    const { exists } = room.nodes;
    vi.spyOn(room.nodes, 'getData').mockRejectedValue(new NoAuthError(holder.path));
    vi.spyOn(room.nodes, 'exists').mockImplementation((path) => exists.call(room.nodes, path));
    await begin();
    const asked = requests();
    await room.pass(2_500);
    expect(asked().filter((request) => request === `read ${BASE}`)).toHaveLength(2);
    await remove(holder.path);
    await room.pass(400);
    expect(ends).toEqual([]);
    await room.pass(200);
    expect(ends).toHaveLength(1);
  });

  it('looks again where the one before it is gone before it is watched', async () => {
    const holder = await theirs();
    const { getData } = room.nodes;
    vi.spyOn(room.nodes, 'getData').mockImplementationOnce(async (...args) => {
      await room.others.delete(holder.path);
      return getData.apply(room.nodes, args);
    });
    await begin();
    expect(ends).toMatchObject([{ name: expect.stringContaining(SECOND!) }]);
    expect(room.nodes.session.watches.isEmpty).toBe(true);
  });

  it('looks again where nobody says whether the one before it can be watched', async () => {
    const holder = await theirs();
    const timeout = new RequestTimeoutError(holder.path, 100);
    vi.spyOn(room.nodes, 'getData').mockRejectedValueOnce(timeout).mockRejectedValue(new NoAuthError(BASE));
    vi.spyOn(room.nodes, 'exists').mockRejectedValueOnce(timeout);
    await begin();
    expect([ends, watched()]).toEqual([[], [holder.path]]);
  });

  it('of which several may be held watches as many before it', async () => {
    const holders = [await theirs(), await theirs()];
    await begin({ rule: () => ({ kind: 'queue', lockName: 'lock-', size: 2 }) });
    expect([ends, watched().sort()]).toEqual([[], holders.map(({ path }) => path).sort()]);
    await remove(holders[1]!.path);
    await room.pass(50);
    expect(ends).toMatchObject([{ name: expect.stringContaining(THIRD!) }]);
  });

  it('looks by itself where more stand before it than it watches', async () => {
    const size = Limits.zookeeperWatchedMax + 1;
    const holders: QueueNode[] = [];
    for (let i = 0; i < size; i++) holders.push(await theirs());
    await begin({ rule: () => ({ kind: 'queue', lockName: 'lock-', size }) });
    expect([ends, watched()]).toEqual([[], expect.not.arrayContaining([holders.at(-1)!.path])]);
    await remove(holders.at(-1)!.path);
    await room.pass(1_500);
    expect(ends).toEqual([]);
    await room.pass(1_500);
    expect(ends).toHaveLength(1);
  });

  it('does not wait for a node of its own that came of a lost creation', async () => {
    await room.put(`${BASE}/_c_mine-lock-`, Buffer.alloc(0), 'ephemeralSequential', room.nodes);
    await begin({ prefix: '_c_mine-' });
    expect(ends).toMatchObject([{ name: `_c_mine-${SECOND}` }]);
    expect(queue()).toEqual([`_c_mine-${SECOND}`]);
  });

  it('queues anew where somebody deletes its node', async () => {
    const [holder, before] = [await theirs(), await theirs()];
    await begin({ prefix: '_c_mine-' });
    await remove(`${BASE}/_c_mine-${THIRD}`);
    // It watches the one before it alone, so it is that one's end by which it finds out.
    await remove(before.path);
    await room.pass(50);
    expect([ends, queue()]).toEqual([[], [FIRST, `_c_mine-${FOURTH}`]]);
    await remove(holder.path);
    await room.pass(50);
    expect(ends).toMatchObject([{ name: `_c_mine-${FOURTH}` }]);
  });

  it('says at once that somebody has deleted its node, if it is to', async () => {
    const holder = await theirs();
    const removed = new Error('somebody removed it');
    await begin({ prefix: '_c_mine-', removed: () => removed });
    expect(watched().sort()).toEqual([holder.path, `${BASE}/_c_mine-${SECOND}`].sort());
    await remove(`${BASE}/_c_mine-${SECOND}`);
    await room.pass(50);
    expect([ends, queue()]).toEqual([[removed], [FIRST]]);
  });
});

describe('a request that does not wait', () => {
  it('leaves a lock alone that is taken, and has one that is free', async () => {
    const holder = await theirs();
    const asked = requests();
    await begin({ tries: true });
    expect(ends).toEqual([null]);
    // It asks the leader before it says so, and writes nothing.
    expect(asked()).toEqual([`read ${BASE}`, `sync ${BASE}`, `read ${BASE}`]);
    await remove(holder.path);
    await begin({ tries: true });
    expect(ends).toMatchObject([null, { name: expect.stringContaining(SECOND!) }]);
  });

  it('has a lock whose node is not there yet', async () => {
    await begin({ tries: true });
    expect(ends).toMatchObject([{ name: expect.stringContaining(FIRST!) }]);
  });

  it('leaves nothing where somebody was faster', async () => {
    const { getChildren } = room.nodes;
    vi.spyOn(room.nodes, 'getChildren').mockImplementationOnce(async (...args) => {
      const free = await getChildren.apply(room.nodes, args);
      await room.others.create(`${BASE}/_c_theirs-lock-`, { mode: 'ephemeralSequential' });
      return free;
    });
    await room.put(BASE);
    const asked = requests();
    await begin({ tries: true, prefix: '_c_mine-' });
    expect([ends, queue()]).toEqual([[null], [`_c_theirs-${FIRST}`]]);
    const [node, own] = [`${BASE}/_c_mine-lock-`, `${BASE}/_c_mine-${SECOND}`];
    expect(asked()).toEqual([`read ${BASE}`, `write ${node}`, `read ${BASE}`, `write ${own}`]);
  });

  it('is told that nothing is known, where who waits goes on', async () => {
    const loss = new ConnectionLossError(BASE);
    const holder = await theirs();
    vi.spyOn(room.nodes, 'getChildren').mockRejectedValueOnce(loss);
    await begin({ tries: true });
    expect([ends, queue()]).toEqual([[loss], [FIRST]]);
    vi.spyOn(room.nodes, 'getChildren').mockRejectedValueOnce(loss).mockRejectedValueOnce(loss);
    await begin();
    await remove(holder.path);
    await room.pass(50);
    expect(ends).toMatchObject([loss, { name: expect.stringContaining(SECOND!) }]);
  });
});

describe('a connection that is lost', () => {
  it('has a request watch anew, not list', async () => {
    const holder = await theirs();
    await begin();
    const asked = requests();
    room.isolate(room.nodes, 300);
    await room.pass(500);
    expect(asked()).not.toContain(`read ${BASE}`);
    expect([ends, watched()]).toEqual([[], [holder.path]]);
    await remove(holder.path);
    await room.pass(50);
    expect(ends).toHaveLength(1);
  });

  it('has nobody believe in a list from before', async () => {
    await begin({
      check: async () => {
        room.isolate(room.nodes, 500);
        await pause(room.nodes.clock, 50);
      },
    });
    await room.pass(250);
    expect([ends, room.nodes.state]).toEqual([[], 'suspended']);
    await room.pass(400);
    expect(ends).toMatchObject([{ name: expect.stringContaining(FIRST!) }]);
  });
});

describe('a session that ends', () => {
  it('while a request waits has it queue in the next', async () => {
    const holder = await theirs();
    await begin();
    const { sessionId } = room.nodes;
    room.isolate(room.nodes, 3_000);
    await room.pass(4_000);
    expect([ends, queue(), watched()]).toEqual([[], [FIRST, THIRD], [holder.path]]);
    await remove(holder.path);
    await room.pass(50);
    expect(ends).toMatchObject([{ sessionId: room.nodes.sessionId }]);
    expect(room.nodes.sessionId).not.toBe(sessionId);
  });

  it('while a request is on its way has it queue in the next', async () => {
    room.isolate(room.nodes, 3_000);
    await room.pass(50);
    await begin();
    await room.pass(4_000);
    expect(ends).toMatchObject([{ sessionId: room.nodes.sessionId }]);
  });

  it('behind the list by which a request had the lock does not give it to the next', async () => {
    await room.put(BASE);
    await begin({
      check: async (_, own) => {
        if (!own!.name.endsWith('0')) return;
        // The servers are late to end the session, so its node is still there in the next.
        room.ensemble.isDown = true;
        room.isolate(room.nodes, 1_100);
        await pause(room.nodes.clock, 2_000);
      },
    });
    await room.pass(2_500);
    expect([ends, queue(), room.nodes.session.losses]).toEqual([[], [FIRST, SECOND], 1]);
    room.ensemble.isDown = false;
    await room.pass(500);
    expect(ends).toMatchObject([{ sessionId: room.nodes.sessionId, name: expect.stringContaining(SECOND!) }]);
  });

  it('with its client fails what waits', async () => {
    await theirs();
    await begin();
    room.nodes.close();
    await room.pass(50);
    expect(ends).toEqual([expect.any(ClientClosedError)]);
    expect([queue(), room.nodes.kept]).toEqual([[FIRST], 0]);
  });
});

describe('a request that is cancelled', () => {
  it('leaves nothing, and comes to nothing', async () => {
    await theirs();
    const waiting = await begin();
    expect([queue(), room.nodes.kept]).toEqual([[FIRST, SECOND], 1]);
    waiting.cancel();
    expect(room.nodes.kept).toBe(0);
    await room.pass(50);
    expect([ends, queue(), watched()]).toEqual([[null], [FIRST], []]);
  });

  it('asks for nothing where it was cancelled before', async () => {
    const early = request();
    early.cancel();
    const asked = requests();
    expect([await room.come(early.run()), asked()]).toEqual([null, []]);
  });

  it('leaves nothing where it was granted meanwhile', async () => {
    const late = request();
    const { getChildren } = room.nodes;
    vi.spyOn(room.nodes, 'getChildren')
      .mockRejectedValueOnce(new ConnectionLossError(BASE))
      .mockImplementationOnce((...args) => {
        late.cancel();
        return getChildren.apply(room.nodes, args);
      });
    await room.put(BASE);
    expect([await room.come(late.run()), queue()]).toEqual([null, []]);
  });
});

describe('what looks at the queue before a request waits', () => {
  it('is given it with the node of the request, or without where that has none yet', async () => {
    const seen: [children: number, own: string | null][] = [];
    const check: AcquisitionOptions['check'] = async ({ children }, own) =>
      void seen.push([children.length, own && nameOf(own.path)]);
    await theirs();
    await begin({ check, tries: true });
    await begin({ check, prefix: '_c_mine-' });
    expect([seen, ends]).toEqual([
      [
        [1, null],
        [2, `_c_mine-${SECOND}`],
      ],
      [null],
    ]);
  });

  it('ends the request by what it throws, and nothing is left', async () => {
    const refusal = new Error('another size');
    await begin({ check: () => Promise.reject(refusal) });
    expect([ends, queue(), room.nodes.kept]).toEqual([[refusal], [], 0]);
  });

  it('is given a list also where the one that came with the node has got lost', async () => {
    const check = vi.fn(async () => {});
    await room.put(BASE);
    room.cuts.push('after');
    await begin({ check });
    await room.pass(100);
    expect(check).toHaveBeenCalledTimes(1);
  });
});

it.each([2 ** 31 - 1_000, -5])(
  'nobody queues below a node that has numbered its children so far: %s',
  async (creates) => {
    await room.put(BASE);
    const { server, time } = room.ensemble;
    server.write(room.nodes.sessionId, { kind: 'skipNumbers', path: BASE, creates }, time.nowMs);
    room.ensemble.replicas[0]!.catchUp();
    await begin();
    expect([ends, queue()]).toEqual([[expect.any(SequenceExhaustedError)], []]);
    expect(ends).toMatchObject([{ path: BASE }]);
  },
);
