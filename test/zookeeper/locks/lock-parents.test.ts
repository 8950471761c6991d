import { beforeEach, describe, expect, it, vi } from 'vitest';
import { makeParents } from '../../../src/zookeeper/locks/lock-parents.ts';
import type { Nodes } from '../../../src/zookeeper/nodes.ts';
import { NoAuthError, NoNodeError, UnimplementedError } from '../../../src/zookeeper/server-refusal.ts';
import { RequestTimeoutError, ZooKeeperUseError } from '../../../src/zookeeper/zookeeper-error.ts';
import { type NodeRoom, openRoom } from '../model/node-room.ts';

let room: NodeRoom;

beforeEach(async () => {
  room = await openRoom();
});

const make = (path: string, data?: Uint8Array) => room.come(makeParents(room.nodes, path, data));
const has = (...paths: string[]) => paths.map((path) => room.has(path));
/** The paths that nodes were asked to be made at, and how. */
function creations(): () => string[] {
  const create = vi.spyOn(room.nodes, 'create');
  return () => create.mock.calls.map(([path, options]) => `${options?.mode} ${path}`);
}

describe('a node that is missing', () => {
  it('is made with all above it, which is asked for only where it is missing', async () => {
    await room.put('/a');
    const made = creations();
    await make('/a/b/c');
    expect(has('/a/b/c')).toEqual([true]);
    expect(made()).toEqual(['container /a/b/c', 'container /a/b', 'container /a/b/c']);
  });

  it('is one that the server removes when the last child is gone', async () => {
    await make('/a/b');
    const child = await room.put('/a/b/child');
    await room.pass(1_000);
    expect(has('/a', '/a/b')).toEqual([true, true]);
    await room.come(room.others.delete(child));
    await room.pass(1_000);
    expect(has('/a', '/a/b')).toEqual([false, false]);
  });

  it('has its data, and those above it have none', async () => {
    await make('/a/b', Buffer.from('data'));
    expect([room.dataAt('/a/b').toString(), room.dataAt('/a').length]).toEqual(['data', 0]);
    await make('/c');
    expect(room.dataAt('/c')).toHaveLength(0);
  });
});

describe('a node that is there', () => {
  it('stays as it is', async () => {
    await room.put('/a/b', Buffer.from('of others'));
    const made = creations();
    await make('/a/b', Buffer.from('data'));
    expect(room.dataAt('/a/b').toString()).toBe('of others');
    expect(made()).toEqual(['container /a/b']);
  });
});

describe('a server that has no containers', () => {
  it('is asked for nodes that stay', async () => {
    const { create } = room.nodes;
    vi.spyOn(room.nodes, 'create').mockImplementation((path, options) =>
      options?.mode === 'container'
        ? Promise.reject(new UnimplementedError(path))
        : create.call(room.nodes, path, options),
    );
    await make('/a/b', Buffer.from('data'));
    await room.put('/a/b/child');
    await room.come(room.others.delete('/a/b/child'));
    await room.pass(1_000);
    expect(has('/a', '/a/b')).toEqual([true, true]);
    expect(room.dataAt('/a/b').toString()).toBe('data');
  });

  it('is asked for no other kind again', async () => {
    const create = vi.spyOn(room.nodes, 'create').mockRejectedValue(new UnimplementedError('/a'));
    await expect(make('/a')).rejects.toThrow(UnimplementedError);
    expect(create.mock.calls.map(([, options]) => options?.mode)).toEqual(['container', 'persistent']);
  });
});

describe('a creation', () => {
  it.each([
    ['was not carried out', 'before'],
    ['was carried out', 'after'],
  ] as const)('whose answer was lost is asked for again, where it %s', async (_what, cut) => {
    room.cuts.push(cut, cut);
    const made = creations();
    await make('/a', Buffer.from('data'));
    expect(room.dataAt('/a').toString()).toBe('data');
    expect(made()).toHaveLength(cut === 'before' ? 3 : 2);
  });

  it('that nobody answers in time is asked for again', async () => {
    vi.spyOn(room.nodes, 'create').mockRejectedValueOnce(new RequestTimeoutError('/a', 100));
    await make('/a');
    expect(has('/a')).toEqual([true]);
  });

  it('that others were faster with is none of a failure', async () => {
    const { create } = room.nodes;
    vi.spyOn(room.nodes, 'create').mockImplementation(async (path, options) => {
      if (path === '/a') await room.others.create('/a').catch(() => {});
      return create.call(room.nodes, path, options);
    });
    await make('/a/b');
    expect(has('/a/b')).toEqual([true]);
  });

  it('that is refused ends it all, at whatever node', async () => {
    const { create } = room.nodes;
    vi.spyOn(room.nodes, 'create').mockImplementation((path, options) =>
      path === '/a/b' ? Promise.reject(new NoAuthError(path)) : create.call(room.nodes, path, options),
    );
    await expect(make('/a/b/c/d')).rejects.toThrow(NoAuthError);
    expect(has('/a/b')).toEqual([false]);
  });

  it('below a node that vanishes again is left to who needs it', async () => {
    const { create } = room.nodes;
    const attempts = vi.spyOn(room.nodes, 'create').mockImplementation(async (path, options) => {
      const created = await create.call(room.nodes, path, options);
      if (path === '/a') await room.others.delete('/a');
      return created;
    });
    await make('/a/b');
    expect(has('/a', '/a/b')).toEqual([false, false]);
    expect(attempts).toHaveBeenCalledTimes(3);
  });
});

describe('the root', () => {
  it('cannot be made', async () => {
    const create = vi.spyOn(room.nodes, 'create');
    await expect(make('/')).rejects.toThrow(ZooKeeperUseError);
    expect(create).not.toHaveBeenCalled();
  });

  it('that is a node below another one is made with all above it, where it is missing', async () => {
    const { nodes } = room;
    const made = creations();
    const create: Nodes['create'] = (path, options) =>
      nodes.create(path === '/' ? '/x/space' : `/x/space${path}`, options);
    const chroot = { path: '/x/space', create: nodes.create.bind(nodes) };
    await room.come(makeParents({ create, chroot }, '/a/b'));
    expect(has('/x/space/a/b')).toEqual([true]);
    expect(made().slice(0, 5)).toEqual([
      ...['container /x/space/a/b', 'container /x/space/a'],
      ...['container /x/space', 'container /x', 'container /x/space'],
    ]);
  });

  it('that is missing, where it is that of a connect string, is told of', async () => {
    vi.spyOn(room.nodes, 'create').mockImplementation(async (path) => {
      throw new NoNodeError(path);
    });
    await expect(make('/a/b')).rejects.toThrow('chroot');
  });
});
