import { beforeEach, describe, expect, it, vi } from 'vitest';
import { LockMode } from '../../../src/contract/lock-mode.ts';
import { Refusals } from '../../../src/contract/refusal.ts';
import { LockCommand } from '../../../src/core/command.ts';
import { encodeBaseData } from '../../../src/engine/zookeeper/base-data.ts';
import { Claim } from '../../../src/engine/zookeeper/claim.ts';
import { LockBases } from '../../../src/engine/zookeeper/lock-base.ts';
import { LockPaths } from '../../../src/engine/zookeeper/lock-place.ts';
import { lockRequestOf } from '../../../src/engine/zookeeper/lock-request.ts';
import { serverName } from '../../../src/engine/zookeeper/node-data.ts';
import {
  LockRefusedError,
  NodeRemovedError,
  RequestElsewhereError,
} from '../../../src/engine/zookeeper/refused-error.ts';
import type { LockRequest } from '../../../src/zookeeper/locks/hold-within.ts';
import type { QueueMode, QueueNode } from '../../../src/zookeeper/locks/queue-node.ts';
import { childOf, nameOf } from '../../../src/zookeeper/node-path.ts';
import { NoAuthError, NoNodeError } from '../../../src/zookeeper/server-refusal.ts';
import type { ModelNodes } from '../../zookeeper/model/model-nodes.ts';
import { type NodeRoom, openRoom, ours, uuidOf } from './node-room.ts';

const paths = new LockPaths([
  { name: 'm', path: '/teams/m', layout: 'mutex' },
  { name: 'rw', path: '/teams/rw', layout: 'rw' },
  { name: 's', path: '/teams/s', layout: 'semaphore' },
]);
const DATA = ours({ holder: 'somebody' });

interface Asked {
  readonly size?: number;
  readonly mode?: number;
  readonly tryOnly?: boolean;
  readonly requestId?: string;
  readonly nodeMode?: QueueMode;
  readonly nodes?: ModelNodes;
}

let room: NodeRoom;
let notices: string[];
let requests = 0;

beforeEach(async () => {
  room = await openRoom();
  notices = [];
});

/** A request and the key of its claim. */
function ask(name: string, asked: Asked = {}): { readonly key: string; readonly request: LockRequest } {
  const { nodeMode = 'ephemeralSequential', nodes = room.nodes, ...fields } = asked;
  const command = Object.assign(new LockCommand(), { name, requestId: `request-${requests++}`, ...fields });
  const claim = new Claim(command, paths.placeOf(name), 0);
  const bases = new LockBases(nodes, (path, child) => notices.push(`${path} ${child}`));
  return { key: claim.key, request: lockRequestOf({ nodes, bases, serverName }, claim, DATA, nodeMode) };
}

/** What a request that does not wait comes to. */
const take = (name: string, asked: Asked = {}): Promise<QueueNode | null> =>
  room.come(ask(name, asked).request.run());

const childrenOf = (path: string) => (room.has(path) ? room.ensemble.server.tree.children(path) : []);
const baseOf = (name: string) => paths.placeOf(name).base;
const refusalOf = (refusal: { readonly message: string }) =>
  expect.objectContaining({ constructor: LockRefusedError, refusal });

describe('the node of a request', () => {
  it.each<[what: string, name: string, asked: Asked, node: RegExp]>([
    ['alone', 'a', {}, /^_c_KEY-__WRIT__\d{10}$/],
    ['together', 'a', { mode: LockMode.Shared }, /^_c_KEY-__READ__\d{10}$/],
    ['so many at once', 'a', { size: 2 }, /^_c_KEY-lock-\d{10}$/],
    ['a mapped lock alone', 'rw', {}, /^_c_KEY-__WRIT__\d{10}$/],
    ['a mapped lock together', 'rw', { mode: LockMode.Shared }, /^_c_KEY-__READ__\d{10}$/],
    ['a mapped mutex', 'm', {}, /^_c_KEY-lock-\d{10}$/],
    ['a lease of a mapped semaphore', 's', { size: 2 }, /^_c_KEY-lease-\d{10}$/],
  ])('is called by its key and what it asks for: %s', async (_what, name, asked, node) => {
    const { key, request } = ask(name, asked);
    const held = (await room.come(request.run()))!;
    expect(held.name).toMatch(new RegExp(node.source.replace('KEY', key)));
    const base = name === 's' ? '/teams/s/leases' : baseOf(name);
    expect(held.path).toBe(childOf(base, held.name));
    expect(room.dataAt(held.path)).toEqual(DATA);
    expect(childrenOf(base)).toEqual([held.name]);
  });

  it.each(['a', 's'])('vanishes with its session, or stays if that is asked for: %s', async (name) => {
    const owners = [];
    for (const nodeMode of ['ephemeralSequential', 'persistentSequential'] as const) {
      const { path } = (await take(name, { size: 2, nodeMode }))!;
      owners.push(room.ensemble.server.tree.stat(path)!.ephemeralOwner);
    }
    expect(owners).toEqual([room.nodes.sessionId, 0n]);
  });

  it('stands below one that says from the first how large the lock is', async () => {
    await take('a', { size: 3 });
    await take('s', { size: 4 });
    await take('m');
    expect(room.dataAt(baseOf('a'))).toEqual(encodeBaseData('a', 3, 'a'));
    expect(room.dataAt('/teams/s')).toEqual(encodeBaseData('s', 4, 's'));
    expect(room.dataAt('/teams/m')).toHaveLength(0);
    for (const name of ['a', 's', 'm']) expect(room.ensemble.server.tree.stat(baseOf(name))!.version).toBe(0);
  });
});

describe('who has a lock', () => {
  it.each<[what: string, name: string, asked: Asked, count: number]>([
    ['one alone', 'a', {}, 1],
    ['as many as its size', 'a', { size: 3 }, 3],
    ['all that share it', 'a', { mode: LockMode.Shared }, 4],
    ['one of a mapped mutex', 'm', {}, 1],
    ['as many as there are leases', 's', { size: 2 }, 2],
  ])('is %s', async (_what, name, asked, count) => {
    const taken: (QueueNode | null)[] = [];
    for (let i = 0; i < 4; i++) taken.push(await take(name, { ...asked, tryOnly: true }));
    expect(taken.filter((node) => node !== null)).toHaveLength(count);
    // Nothing is left of the attempts of no use.
    const base = name === 's' ? '/teams/s/leases' : baseOf(name);
    expect([childrenOf(base).length, childrenOf('/teams/s/locks')]).toEqual([count, []]);
  });

  it.each(['a', 's'])('is who has waited, when it is given back: %s', async (name) => {
    const { path } = (await take(name))!;
    const waiting = ask(name);
    const granted = waiting.request.run();
    await room.pass(100);
    await room.come(room.others.delete(path));
    expect(await room.come(granted)).toMatchObject({ prefix: `_c_${waiting.key}-` });
  });

  it.each(['a', 's'])('is nobody who has cancelled, and nothing is left of that: %s', async (name) => {
    const held = (await take(name))!;
    const { request } = ask(name);
    const granted = request.run();
    await room.pass(100);
    request.cancel();
    expect(await room.come(granted)).toBeNull();
    const all = [baseOf(name), '/teams/s/leases', '/teams/s/locks'].flatMap(childrenOf);
    expect(all.filter((child) => child.startsWith('_c_'))).toEqual([held.name]);
  });

  it.each([
    ['a', 'a', ''],
    ['s', 's', '/locks'],
  ])('is nobody who was taken out of the queue: %s', async (_what, name, below) => {
    await take(name);
    const { key, request } = ask(name);
    const granted = request.run();
    await room.pass(100);
    const queue = baseOf(name) + below;
    const own = childrenOf(queue).find((child) => child.startsWith(`_c_${key}-`))!;
    await room.come(room.others.delete(childOf(queue, own)));
    await expect(room.come(granted)).rejects.toThrow(NodeRemovedError);
  });
});

describe('a lock of another size', () => {
  it.each(['a', 's'])('is refused before anything is made: %s', async (name) => {
    await take(name, { size: 2 });
    const create = vi.spyOn(room.nodes, 'create');
    for (const tryOnly of [false, true])
      await expect(take(name, { size: 3, tryOnly })).rejects.toEqual(refusalOf(Refusals.sizeMismatch));
    expect(create).not.toHaveBeenCalled();
  });

  it.each(['a', 's'])('is refused, too, when it is another one by then: %s', async (name) => {
    const { create } = room.nodes;
    vi.spyOn(room.nodes, 'create').mockImplementationOnce(async (...args) => {
      await room.others.create(name === 's' ? '/teams' : '/locks');
      if (name === 'a') await room.others.create(baseOf(name).slice(0, -2));
      await room.others.create(baseOf(name), { data: encodeBaseData(nameOf(baseOf(name)), 5, name) });
      return create.apply(room.nodes, args);
    });
    await expect(take(name, { size: 3 })).rejects.toEqual(refusalOf(Refusals.sizeMismatch));
    const all = [baseOf(name), '/teams/s/leases', '/teams/s/locks'].flatMap(childrenOf);
    expect(all.filter((child) => child.startsWith('_c_'))).toEqual([]);
  });
});

describe('a node that others use in another way', () => {
  it.each([
    ['m', '/teams/m/_c_x-__WRIT__0000000001'],
    ['rw', '/teams/rw/leases'],
    ['s', '/teams/s/_c_x-lock-0000000001'],
  ])('is refused, and nothing is left in it: %s', async (name, foreign) => {
    await room.put(foreign);
    await expect(take(name)).rejects.toEqual(refusalOf(Refusals.otherLayout));
    expect(childrenOf(baseOf(name))).toEqual([nameOf(foreign)]);
    expect(notices).toEqual([`${baseOf(name)} ${nameOf(foreign)}`]);
  });
});

describe('a request that another server has still', () => {
  const requestId = 'the-same';
  const twin = (name: string, below: string, data: Uint8Array, nodes = room.others) => {
    const { key } = ask(name, { requestId });
    const kind = { a: '__WRIT__', m: 'lock-' }[name] ?? (below === '/locks' ? 'lock-' : 'lease-');
    const path = `${baseOf(name)}${below}/_c_${key}-${kind}0000000000`;
    return room.put(path, data, 'ephemeral', nodes);
  };

  it.each([
    ['a', ''],
    ['m', ''],
    ['s', '/leases'],
    ['s', '/locks'],
  ])('is to be made again later, and only that one stands there: %s%s', async (name, below) => {
    if (name !== 'm') await room.put(baseOf(name), encodeBaseData(name, name === 'a' ? 1 : 2, name));
    const path = await twin(name, below, ours({ server: 'another' }));
    for (const tryOnly of [true, false]) {
      const asked = { requestId, tryOnly, ...(name === 's' && { size: 2 }) };
      // Where the lock is taken, an attempt may be told just that.
      if (tryOnly && name !== 's') await take(name, asked).catch(() => {});
      else await expect(take(name, asked)).rejects.toThrow(RequestElsewhereError);
      const all = ['', '/leases', '/locks'].flatMap((at) => childrenOf(baseOf(name) + at));
      expect(all.filter((child) => child.startsWith('_c_'))).toEqual([nameOf(path)]);
    }
  });

  it('is found also where its lease is made, or known here, after the first look', async () => {
    await room.put(baseOf('s'), encodeBaseData('s', 2, 's'));
    const { create } = room.nodes;
    vi.spyOn(room.nodes, 'create').mockImplementationOnce(async (...args) => {
      const data = ours({ server: 'another' });
      const { key } = ask('s', { requestId });
      const path = `${baseOf('s')}/leases/_c_${key}-lease-0000000000`;
      for (const parent of ['/leases', '/locks'])
        await room.others.create(baseOf('s') + parent).catch(() => {});
      await room.others.create(path, { mode: 'ephemeral', data });
      return create.apply(room.nodes, args);
    });
    await expect(take('s', { requestId, size: 2 })).rejects.toThrow(RequestElsewhereError);
    expect([childrenOf(`${baseOf('s')}/leases`).length, childrenOf(`${baseOf('s')}/locks`)]).toEqual([1, []]);
  });

  it('is so also where the node is none of ours', async () => {
    await twin('m', '', Buffer.from('10.0.0.1'));
    await expect(take('m', { requestId })).rejects.toThrow(RequestElsewhereError);
  });

  it('is none by another key', async () => {
    await room.put('/teams/s', encodeBaseData('s', 2, 's'));
    await room.put(`/teams/s/leases/_c_${uuidOf(7)}-lease-0000000000`, ours({ server: 'another' }));
    expect(await take('s', { size: 2, requestId })).not.toBeNull();
  });

  it.each(['m', 's'])('is none where this server has made the node in this session: %s', async (name) => {
    // A creation whose answer was lost has no more than the data of the request.
    await twin(name, name === 's' ? '/leases' : '', ours({ server: 'as it was' }), room.nodes);
    expect(await take(name, { requestId, ...(name === 's' && { size: 2 }) })).not.toBeNull();
  });

  it('is none where this server has made the node, which stays', async () => {
    const { key } = ask('s', { requestId });
    await room.put(
      `/teams/s/leases/_c_${key}-lease-0000000000`,
      ours({ server: serverName(room.nodes.sessionId) }),
    );
    expect(await take('s', { requestId, size: 2 })).not.toBeNull();
  });

  it('is none where the node vanishes before it is read', async () => {
    const path = await twin('m', '', ours({ server: 'another' }));
    const { getData } = room.nodes;
    vi.spyOn(room.nodes, 'getData').mockImplementation(async (asked, ...rest) => {
      if (asked !== path) return getData.call(room.nodes, asked, ...rest);
      await room.others.delete(path).catch(() => {});
      throw new NoNodeError(path);
    });
    expect(await take('m', { requestId })).not.toBeNull();
  });

  it('is not known where the node may not be read', async () => {
    const path = await twin('m', '', ours({ server: 'another' }));
    const { getData } = room.nodes;
    vi.spyOn(room.nodes, 'getData').mockImplementation((asked, ...rest) =>
      asked === path ? Promise.reject(new NoAuthError(path)) : getData.call(room.nodes, asked, ...rest),
    );
    await expect(take('m', { requestId })).rejects.toThrow(NoAuthError);
    expect(childrenOf('/teams/m')).toEqual([nameOf(path)]);
  });
});

describe('what cannot be listed', () => {
  it('fails the request for a lease', async () => {
    vi.spyOn(room.nodes, 'getChildren').mockRejectedValueOnce(new NoAuthError('/teams/s'));
    await expect(take('s')).rejects.toThrow(NoAuthError);
  });
});
