import { beforeEach, describe, expect, it, vi } from 'vitest';
import { Downgrade } from '../../../src/zookeeper/locks/downgrade.ts';
import { holdWithin } from '../../../src/zookeeper/locks/hold-within.ts';
import type { QueueNode } from '../../../src/zookeeper/locks/queue-node.ts';
import { standingOf } from '../../../src/zookeeper/locks/standing.ts';
import { NoAuthError } from '../../../src/zookeeper/server-refusal.ts';
import { ConnectionLossError, RequestTimeoutError } from '../../../src/zookeeper/zookeeper-error.ts';
import { type NodeRoom, openRoom } from '../model/node-room.ts';

const WRITE = '__WRIT__0000000001';
const READ = '__READ__0000000001';

let room: NodeRoom;
let write: QueueNode;
/** Whether the writer still writes. */
let isHeld: boolean;

beforeEach(async () => {
  room = await openRoom();
  isHeld = true;
  // The writer has a number that no other can be taken for.
  await room.come(room.nodes.delete((await room.queue('/lock', '__WRIT__')).path));
  write = await room.queue('/lock', '__WRIT__');
});

function downgrade(): Downgrade {
  const data = Buffer.from('a reader');
  return new Downgrade(room.nodes, '/lock', { write, data, isHeld: () => isHeld });
}

const take = (): Promise<QueueNode | null> => room.come(downgrade().run());

describe('the read node of a writer', () => {
  it('has the number of its write node, and a unique part of its own', async () => {
    const node = await take();
    expect(room.queueAt('/lock')).toEqual([READ, WRITE]);
    expect(node).toMatchObject({ path: `/lock/${node!.name}`, sessionId: room.nodes.sessionId });
    expect(node!.name).toBe(`${node!.prefix}${READ}`);
    expect(node!.prefix).toMatch(/^_c_[0-9a-f-]{36}-$/);
    expect(node!.prefix).not.toBe(write.prefix);
  });

  it('has the data of a reader, and vanishes with the session', async () => {
    const node = await take();
    expect(room.dataAt(node!.path).toString()).toBe('a reader');
    room.nodes.close();
    await room.pass(100);
    expect(room.queueAt('/lock')).toEqual([]);
  });

  it('has the token of its write node, which is smaller than that of the writer behind', async () => {
    const next = await room.queue('/lock', '__WRIT__', room.others);
    const node = await take();
    expect(node!.czxid).toBe(write.czxid);
    expect(node!.czxid).toBeLessThan(next.czxid);
  });

  it('stands before the writer behind, also when its write node is gone', async () => {
    const next = await room.queue('/lock', '__WRIT__', room.others);
    const node = await take();
    await room.come(room.nodes.delete(write.path));
    const children = room.ensemble.server.tree.children('/lock');
    expect(standingOf(children, node!.name, { kind: 'read' }).kind).toBe('held');
    expect(standingOf(children, next.name, { kind: 'write' })).toMatchObject({ nodes: [node!.name] });
  });
});

describe('a downgrade without an answer', () => {
  it.each(['before', 'after'] as const)('is asked for again, and has one node: %s', async (cut) => {
    room.cuts.push(cut, cut);
    const node = await take();
    expect(room.queueAt('/lock')).toEqual([READ, WRITE]);
    expect(room.has(node!.path)).toBe(true);
  });

  it('in time is asked for again', async () => {
    vi.spyOn(room.nodes, 'create').mockRejectedValueOnce(new RequestTimeoutError('/lock', 100));
    expect(room.has((await take())!.path)).toBe(true);
  });

  it('is not asked for in the next session', async () => {
    room.isolate(room.nodes, 3_000);
    expect(await take()).toBeNull();
    await room.pass(4_000);
    expect([room.nodes.state, room.queueAt('/lock')]).toEqual(['connected', []]);
    const creations = vi.spyOn(room.nodes, 'create');
    expect(await take()).toBeNull();
    expect(creations).not.toHaveBeenCalled();
  });

  it('is none where the session ended behind it', async () => {
    room.cuts.push('after');
    room.nodes.session.isolate(3_000);
    expect(await take()).toBeNull();
    await room.pass(4_000);
    expect(room.queueAt('/lock')).toEqual([]);
  });
});

describe('a downgrade that is refused', () => {
  it('fails', async () => {
    const refusal = new NoAuthError('/lock');
    vi.spyOn(room.nodes, 'create').mockRejectedValueOnce(refusal);
    await expect(take()).rejects.toBe(refusal);
    expect(room.queueAt('/lock')).toEqual([WRITE]);
  });
});

describe('a downgrade of no use any more', () => {
  it('asks for nothing where it was cancelled before', async () => {
    const creations = vi.spyOn(room.nodes, 'create');
    const request = downgrade();
    request.cancel();
    expect(await room.come(request.run())).toBeNull();
    expect(creations).not.toHaveBeenCalled();
  });

  it('leaves nothing where it is cancelled while it is asked for', async () => {
    const request = downgrade();
    const running = request.run();
    request.cancel();
    expect(await room.come(running)).toBeNull();
    await room.pass(100);
    expect(room.queueAt('/lock')).toEqual([WRITE]);
  });

  it('leaves nothing where its answer is lost then', async () => {
    room.cuts.push('after');
    room.nodes.session.isolate(500);
    const request = downgrade();
    const running = request.run();
    await room.pass(100);
    request.cancel();
    expect(await room.come(running)).toBeNull();
    await room.pass(1_000);
    expect(room.queueAt('/lock')).toEqual([WRITE]);
  });

  it('leaves nothing where the write lock is lost meanwhile', async () => {
    const running = downgrade().run();
    isHeld = false;
    expect(await room.come(running)).toBeNull();
    await room.pass(100);
    expect(room.queueAt('/lock')).toEqual([WRITE]);
  });

  it('leaves nothing where the answer of the removal is lost', async () => {
    const running = downgrade().run();
    isHeld = false;
    vi.spyOn(room.nodes, 'delete').mockRejectedValueOnce(new ConnectionLossError('/lock'));
    expect(await room.come(running)).toBeNull();
    await room.pass(100);
    expect(room.queueAt('/lock')).toEqual([WRITE]);
  });

  it('leaves nothing where it is given up in the moment in which it is granted', async () => {
    const controller = new AbortController();
    const request = downgrade();
    const holding = holdWithin(
      room.nodes,
      '/lock',
      {
        run: async () => {
          const node = await request.run();
          controller.abort();
          return node;
        },
        cancel: () => request.cancel(),
      },
      { timeoutMs: null, signal: controller.signal },
    );
    vi.spyOn(room.nodes, 'delete').mockRejectedValueOnce(new ConnectionLossError('/lock'));
    await expect(room.come(holding)).rejects.toMatchObject({ name: 'AbortError' });
    await room.pass(100);
    expect(room.queueAt('/lock')).toEqual([WRITE]);
  });
});

it('a downgrade keeps the process running until it has come to something', async () => {
  const running = downgrade().run();
  expect(room.nodes.kept).toBe(1);
  await room.come(running);
  expect(room.nodes.kept).toBe(0);
});
