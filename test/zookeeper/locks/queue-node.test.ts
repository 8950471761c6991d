import { beforeEach, describe, expect, it, vi } from 'vitest';
import { pause } from '../../../src/zookeeper/locks/node-removal.ts';
import {
  createQueueNode,
  type Queued,
  type QueueNodeOptions,
  removeTwins,
} from '../../../src/zookeeper/locks/queue-node.ts';
import { nameOf } from '../../../src/zookeeper/node-path.ts';
import { NoAuthError, SystemError } from '../../../src/zookeeper/server-refusal.ts';
import { RequestTimeoutError, ZooKeeperUseError } from '../../../src/zookeeper/zookeeper-error.ts';
import { type NodeRoom, openRoom } from '../model/node-room.ts';

const BASE = '/a/lock';
const PREFIX = '_c_0c8c2e5b-1234-4abc-8def-000000000001-';
const MINE = `${BASE}/${PREFIX}lock-`;
const DATA = Buffer.from('mine');

let room: NodeRoom;
let request: { isCancelled: boolean };

beforeEach(async () => {
  room = await openRoom();
  request = { isCancelled: false };
});

function begin(options: Partial<QueueNodeOptions> = {}): Promise<Queued | null> {
  const asked = { base: BASE, suffix: 'lock-', mode: 'ephemeralSequential', data: DATA, request } as const;
  return createQueueNode(room.nodes, { ...asked, ...options });
}

const create = (options?: Partial<QueueNodeOptions>): Promise<Queued | null> => room.come(begin(options));
const statOf = (path: string) => room.ensemble.server.tree.stat(path)!;

describe('a node that queues', () => {
  it('has a unique name, its data, and vanishes with the session that owns it', async () => {
    const { node } = (await create())!;
    expect(node.prefix).toMatch(/^_c_[0-9a-f-]{36}-$/);
    expect(node).toEqual({
      path: `${BASE}/${node.prefix}lock-0000000000`,
      name: `${node.prefix}lock-0000000000`,
      prefix: node.prefix,
      sessionId: statOf(node.path).ephemeralOwner,
      czxid: statOf(node.path).czxid,
    });
    expect([node.sessionId, room.dataAt(node.path)]).toEqual([room.nodes.sessionId, DATA]);
    expect((await create())!.node.prefix).not.toBe(node.prefix);
  });

  it('has the prefix that is asked for, and may stay', async () => {
    const { node } = (await create({ prefix: PREFIX, mode: 'persistentSequential' }))!;
    expect(node).toMatchObject({ path: `${MINE}0000000000`, prefix: PREFIX });
    expect([node.sessionId, statOf(node.path).ephemeralOwner]).toEqual([room.nodes.sessionId, 0n]);
  });

  it('comes with the children that were asked for in the same packet', async () => {
    const other = await room.put(`${BASE}/other`);
    const asked = vi.spyOn(room.nodes.session, 'request');
    const queued = begin({ prefix: PREFIX });
    // Both leave at the end of this turn, which is in another microtask.
    await null;
    expect(asked.mock.calls.map(([path, kind]) => `${kind} ${path}`)).toEqual([
      `write ${MINE}`,
      `read ${BASE}`,
    ]);
    const { node, listing } = (await room.come(queued))!;
    expect([...listing!.children].sort()).toEqual([node.name, nameOf(other)].sort());
    expect(asked).toHaveBeenCalledTimes(2);
  });

  it('comes without them where they cannot be had', async () => {
    await room.put(BASE);
    vi.spyOn(room.nodes, 'getChildren').mockRejectedValueOnce(new SystemError(BASE));
    expect(await create({ prefix: PREFIX })).toMatchObject({
      node: { path: `${MINE}0000000000` },
      listing: null,
    });
  });

  it('is not asked for where nobody wants it any more', async () => {
    request.isCancelled = true;
    const asked = vi.spyOn(room.nodes.session, 'request');
    expect(await create()).toBeNull();
    expect(asked).not.toHaveBeenCalled();
  });
});

describe('the node above it', () => {
  it('is made as a container, with all above, where it is missing', async () => {
    await create();
    room.nodes.close();
    await room.pass(1_000);
    expect([room.has('/a/lock'), room.has('/a')]).toEqual([false, false]);
  });

  it('is made as it is said', async () => {
    let made = 0;
    const makeBase = async (): Promise<void> => {
      made++;
      await room.others.create('/b', { data: Buffer.from('theirs') });
    };
    await create({ base: '/b', makeBase });
    expect([made, room.dataAt('/b').toString(), room.queueAt('/b')]).toEqual([
      1,
      'theirs',
      ['lock-0000000000'],
    ]);
  });

  it('may vanish a few times before it is used, but not for ever', async () => {
    let times = 0;
    const vanish = vi.fn(async () => {
      if (++times === 10) await room.others.create('/b');
    });
    expect(await create({ base: '/b', makeBase: vanish })).not.toBeNull();
    vanish.mockClear();
    const failing = create({ base: '/c', makeBase: vanish });
    await expect(failing).rejects.toThrow(ZooKeeperUseError);
    await expect(failing).rejects.toMatchObject({ path: '/c' });
    expect(vanish).toHaveBeenCalledTimes(20);
  });
});

describe('a creation whose answer is lost', () => {
  beforeEach(async () => {
    await room.put(BASE);
  });

  it('is made again under the same name where it was not carried out', async () => {
    const before = await room.queue(BASE);
    room.cuts.push('before', 'before');
    const creations = vi.spyOn(room.nodes, 'create');
    const { node, listing } = (await create())!;
    expect(room.queueAt(BASE)).toEqual(['lock-0000000000', 'lock-0000000001']);
    expect([...listing!.children].sort()).toEqual([before.name, node.name].sort());
    const asked = creations.mock.calls.map(([path]) => path);
    expect(asked).toEqual(Array(3).fill(`${BASE}/${node.prefix}lock-`));
  });

  it('is made again where the node above it is missing', async () => {
    room.cuts.push('before');
    await create({ base: '/b' });
    expect(room.queueAt('/b')).toEqual(['lock-0000000000']);
  });

  it('is found where it was carried out, by its prefix', async () => {
    await room.queue(BASE, 'lock-', room.others);
    room.cuts.push('after');
    const { node, listing } = (await create())!;
    expect(room.queueAt(BASE)).toEqual(['lock-0000000000', 'lock-0000000001']);
    expect(node).toEqual({
      path: `${BASE}/${node.prefix}lock-0000000001`,
      name: `${node.prefix}lock-0000000001`,
      prefix: node.prefix,
      sessionId: room.nodes.sessionId,
      czxid: statOf(node.path).czxid,
    });
    expect(listing).toBeNull();
  });

  it('is found at a server that is behind', async () => {
    room = await openRoom({ replicas: 2 });
    const [first, second] = room.ensemble.replicas;
    await room.put(BASE);
    second!.catchUp();
    // From now on the servers know only what they are asked to find out.
    vi.spyOn(room.ensemble, 'follow').mockImplementation(() => {});
    const isFirst = room.nodes.session.link!.replica === first;
    vi.spyOn(room.ensemble, 'anyReplica').mockReturnValue(isFirst ? second! : first!);
    room.cuts.push('after');
    await create();
    expect(room.queueAt(BASE)).toEqual(['lock-0000000000']);
  });

  it('is looked for again where the answer to that is lost, too, or the server fails', async () => {
    room.cuts.push('after');
    const { sync, exists } = room.nodes;
    vi.spyOn(room.nodes, 'sync')
      .mockRejectedValueOnce(new RequestTimeoutError(BASE, 100))
      .mockImplementation((path) => sync.call(room.nodes, path));
    vi.spyOn(room.nodes, 'exists')
      .mockRejectedValueOnce(new SystemError(BASE))
      .mockImplementation((path) => exists.call(room.nodes, path));
    await create();
    expect(room.queueAt(BASE)).toEqual(['lock-0000000000']);
  });

  it('leaves nothing of a session that is over', async () => {
    room.cuts.push('after');
    room.nodes.session.isolate(3_000);
    const { node } = (await create())!;
    expect(node.sessionId).toBe(room.nodes.sessionId);
    expect([room.queueAt(BASE), room.has(node.path)]).toEqual([['lock-0000000001'], true]);
  });

  it('is not looked for in the next session, where the one before has not ended at the server', async () => {
    room.cuts.push('after');
    vi.spyOn(room.nodes, 'exists').mockImplementationOnce(async () => {
      room.ensemble.isDown = true;
      room.isolate(room.nodes, 1_100);
      await pause(room.nodes.clock, 2_000);
      throw new SystemError(BASE);
    });
    const { node } = (await create())!;
    expect(room.queueAt(BASE)).toEqual(['lock-0000000000', 'lock-0000000001']);
    expect([node.sessionId, room.nodes.session.losses]).toEqual([room.nodes.sessionId, 1]);
    expect(node.name).toMatch(/1$/);
  });

  it('is not taken for a node of another session by the same prefix', async () => {
    const theirs = await room.put(MINE, DATA, 'ephemeralSequential');
    room.cuts.push('before');
    const { node } = (await create({ prefix: PREFIX }))!;
    expect(node).toMatchObject({ path: `${MINE}0000000001`, sessionId: room.nodes.sessionId });
    expect(room.has(theirs)).toBe(true);
  });

  it('is known by its data where it stays', async () => {
    await room.put(MINE, Buffer.from('theirs'), 'persistentSequential');
    room.cuts.push('after');
    const { node } = (await create({ prefix: PREFIX, mode: 'persistentSequential' }))!;
    expect(node).toMatchObject({ path: `${MINE}0000000001`, sessionId: room.nodes.sessionId });
    expect(room.queueAt(BASE)).toHaveLength(2);
  });

  it('is known also beside one that vanishes while it is read', async () => {
    const theirs = await room.put(MINE, Buffer.from('theirs'), 'persistentSequential');
    room.cuts.push('after');
    const { getData } = room.nodes;
    vi.spyOn(room.nodes, 'getData').mockImplementationOnce(async (path) => {
      await room.others.delete(theirs);
      return getData.call(room.nodes, path);
    });
    await create({ prefix: PREFIX, mode: 'persistentSequential' });
    expect(room.queueAt(BASE)).toEqual(['lock-0000000001']);
  });

  it('is not looked for where it was never sent', async () => {
    vi.spyOn(room.nodes, 'create').mockRejectedValueOnce(new RequestTimeoutError(BASE, 100));
    const asked = vi.spyOn(room.nodes.session, 'request');
    const { node } = (await create({ prefix: PREFIX }))!;
    expect(node.path).toBe(`${MINE}0000000000`);
    expect(asked.mock.calls.map(([path, kind]) => `${kind} ${path}`)).not.toContain(`sync ${BASE}`);
  });

  it('comes to nothing where it was not carried out, and is not wanted any more', async () => {
    room.cuts.push('before');
    const queued = begin();
    request.isCancelled = true;
    expect(await room.come(queued)).toBeNull();
    expect(room.queueAt(BASE)).toEqual([]);
  });

  it('comes to its node where it was carried out, for that has to be removed', async () => {
    room.cuts.push('after');
    const queued = begin();
    request.isCancelled = true;
    expect(room.has((await room.come(queued))!.node.path)).toBe(true);
  });
});

it('a creation that is refused fails', async () => {
  const refusal = new NoAuthError(BASE);
  const creations = vi.spyOn(room.nodes, 'create').mockRejectedValue(refusal);
  await expect(create()).rejects.toBe(refusal);
  expect(creations).toHaveBeenCalledTimes(1);
});

describe('the twins of a node', () => {
  it('are removed, of its own session, and nobody else’s', async () => {
    const { node } = (await create({ prefix: PREFIX }))!;
    await create({ prefix: PREFIX });
    await create();
    const theirs = await room.put(MINE, DATA, 'ephemeralSequential');
    const staying = await room.put(MINE, DATA, 'persistentSequential');
    removeTwins(room.nodes, BASE, node, room.ensemble.server.tree.children(BASE));
    await room.pass(100);
    expect(room.queueAt(BASE)).toEqual([0, 2, 3, 4].map((number) => `lock-000000000${number}`));
    expect([room.has(node.path), room.has(theirs), room.has(staying)]).toEqual([true, true, true]);
  });
});
