import { beforeEach, describe, expect, it } from 'vitest';
import { Limits } from '../../../src/base/limits.ts';
import type { WatchStep } from '../../../src/contract/lock-info.ts';
import { Refusals } from '../../../src/contract/refusal.ts';
import { LockCommand } from '../../../src/core/command.ts';
import { Claim } from '../../../src/engine/zookeeper/claim.ts';
import { byteStringOf, LockPaths } from '../../../src/engine/zookeeper/lock-place.ts';
import { ClusterInspector } from '../../../src/server/inspection/cluster-inspector.ts';
import {
  ClusterUnreachableError,
  InspectionEndedError,
  NameTooLongError,
  PageTokenError,
  TooManyWatchesError,
  type UnlockOutcome,
} from '../../../src/server/inspection/inspector.ts';
import { childOf } from '../../../src/zookeeper/node-path.ts';
import { keyOf, ModelClient, nodeData, nodeNameOf } from '../../engine/zookeeper/model-client.ts';
import { WatchedModelNodes } from './watched-model-nodes.ts';

const paths = new LockPaths([{ name: 'mapped', path: '/m', layout: 'mutex' }]);

let client: ModelClient<WatchedModelNodes>;
/** What this server has granted, by its key. */
let local: Map<string, Claim>;
let releasedHere: Claim[];
let inspector: ClusterInspector;

beforeEach(async () => {
  client = await ModelClient.openAs((ensemble) => new WatchedModelNodes(ensemble));
  [local, releasedHere] = [new Map(), []];
  inspector = new ClusterInspector({
    ...{ nodes: client.nodes, paths, nowMs: () => 4_711 },
    local: {
      claimOf: (_name, key) => local.get(key) ?? null,
      release: async (claim) => {
        releasedHere.push(claim);
        local.delete(keyOf(1));
        return true;
      },
    },
  });
});

type Kind = Parameters<typeof nodeNameOf>[1];

async function contend(name: string, kind: Kind, ...numbers: readonly number[]): Promise<void> {
  const { base } = paths.placeOf(byteStringOf(name));
  const all = numbers.map((at) => childOf(base, nodeNameOf(keyOf(at), kind, at)));
  await client.put(all[0]!, nodeData());
  const options = { mode: 'ephemeral', data: nodeData() } as const;
  await client.come(Promise.all(all.slice(1).map((path) => client.nodes.create(path, options))));
}

async function unlock(name: string, key = '', all = false): Promise<UnlockOutcome> {
  return client.come(inspector.unlock({ name, key, all }));
}

const left = (name: string): string[] => client.ensemble.server.tree.children(paths.placeOf(name).base);

describe('a listing of the locks in ZooKeeper', () => {
  const list = (pageSize: number, pageToken = '', prefix = '') =>
    client.come(inspector.list({ prefix, pageSize, pageToken, waiters: true }));

  it('has each on one page, of our servers and of other programs', async () => {
    const names = ['a', 'b', 'c', 'mapped'];
    for (const name of names) await contend(name, name === 'mapped' ? 'lock-' : '__WRIT__', 1, 2);
    const seen: string[] = [];
    let token = '';
    do {
      const { locks, nextPageToken, nowMs } = await list(1, token);
      expect([locks.length <= 1, nowMs]).toEqual([true, 4_711]);
      for (const { name, holderCount, waiters } of locks)
        seen.push(`${name} ${holderCount} ${waiters.length}`);
      token = nextPageToken;
    } while (token !== '');
    expect(seen.sort()).toEqual(names.map((name) => `${name} 1 1`));
    expect((await list(9, '', 'map')).locks.map(({ name }) => name)).toEqual(['mapped']);
  });

  it('goes on with the lock that a token names, also where that is in the middle of a bucket', async () => {
    const all = Array.from({ length: 400 }, (_, at) => `n${at}`);
    const { order } = paths.placeOf(all[0]!);
    const names = all.filter((name) => paths.placeOf(name).order >>> 24 === order >>> 24);
    expect(names.length).toBeGreaterThan(1);
    for (const name of names) await contend(name, '__WRIT__', 1);
    const seen: string[] = [];
    let token = '';
    do {
      const { locks, nextPageToken } = await list(1, token);
      seen.push(...locks.map(({ name }) => name));
      token = nextPageToken;
    } while (token !== '');
    expect(seen.sort()).toEqual(names.sort());
  });

  it.each(['x', '!!!!!!', 'AAAAAA', 'AAAAAAA', 'AAAAAB'])(
    'goes on by no token that was not given: %j',
    async (token) => {
      const isOne = Buffer.from(token, 'base64url').length === 4 && token.length === 6 && token !== 'AAAAAB';
      const listed = list(1, token);
      if (isOne) expect((await listed).locks).toEqual([]);
      else await expect(listed).rejects.toThrow(PageTokenError);
    },
  );

  it('is there for one lock by its name', async () => {
    await contend('ä', '__READ__', 1, 2);
    expect(await client.come(inspector.get('ä'))).toMatchObject({ name: 'ä', holderCount: 2 });
    expect(await client.come(inspector.get('b'))).toBeNull();
  });

  it('is refused for names that are too long, and while nothing is known', async () => {
    const name = 'n'.repeat(Limits.nameBytesMax);
    expect(await client.come(inspector.get(name))).toBeNull();
    expect((await list(1, '', name)).locks).toEqual([]);
    await expect(client.come(inspector.get(`${name}n`))).rejects.toThrow(NameTooLongError);
    await expect(list(1, '', `${name}n`)).rejects.toThrow(NameTooLongError);
    expect(() => inspector.watch({ prefix: `${name}n` }, () => {})).toThrow(NameTooLongError);
    client.nodes.session.isolate(10_000);
    client.nodes.session.link?.cut();
    await client.pass(10);
    await expect(client.come(inspector.get('a'))).rejects.toThrow(ClusterUnreachableError);
    await expect(list(1)).rejects.toThrow(ClusterUnreachableError);
  });
});

describe('an unlock by an administrator', () => {
  it('refuses what is not clear', async () => {
    await contend('a', '__READ__', 1, 2);
    await contend('b', '__WRIT__', 3);
    const refusals = [
      [await unlock('a', keyOf(1), true), Refusals.keyWithAll],
      [await unlock('a', keyOf(1).slice(0, 7)), Refusals.keyPrefixShort],
      [await unlock('a', 'k'.repeat(Limits.keyBytesMax + 1)), Refusals.keyTooLong],
      [await unlock('a', 'k'.repeat(Limits.keyBytesMax)), Refusals.invalidKey],
      [await unlock('nobody'), Refusals.lockDoesNotExist],
      [await unlock('a'), Refusals.severalHolders],
      [await unlock('a', keyOf(1).slice(0, 8)), Refusals.keyAmbiguous],
      [await unlock('b', keyOf(1)), Refusals.invalidKey],
    ] as const;
    for (const [outcome, refusal] of refusals) expect(outcome).toMatchObject({ refusal, releasedCount: 0 });
    // Whoever asked is told whom it may have meant.
    expect(refusals[5][0]).toMatchObject({ holderCount: 2, holders: [{ key: keyOf(1) }, { key: keyOf(2) }] });
    expect([left('a').length, left('b').length]).toEqual([2, 1]);
  });

  it('removes the node of the only holder, or of the one by this key', async () => {
    await contend('a', '__WRIT__', 1, 2);
    expect(await unlock('a')).toMatchObject({
      refusal: null,
      releasedCount: 1,
      released: [{ key: keyOf(1) }],
    });
    expect(left('a')).toEqual([nodeNameOf(keyOf(2), '__WRIT__', 2)]);
    await contend('b', '__READ__', 3, 4);
    expect(await unlock('b', keyOf(4))).toMatchObject({ releasedCount: 1, released: [{ key: keyOf(4) }] });
    expect(left('b')).toEqual([nodeNameOf(keyOf(3), '__READ__', 3)]);
  });

  it('leaves to the engine what this server has granted, and says of it what the engine knew', async () => {
    await contend('a', '__WRIT__', 1);
    const command = new LockCommand();
    command.name = 'a';
    const claim = new Claim(command, paths.placeOf('a'), 0);
    claim.grantedMs = 4_000;
    local.set(keyOf(1), claim);
    const { releasedCount, released } = await unlock('a');
    expect([releasedCount, released[0]!.sinceMs, released[0]!.isSinceAsked]).toEqual([1, 4_000, undefined]);
    expect([releasedHere, left('a').length]).toEqual([[claim], 1]);
  });

  it('releases all who held it, also those who are not listed, and nobody who came later', async () => {
    const many = Limits.listedClaimsMax + 5;
    await contend('a', '__READ__', ...Array.from({ length: many }, (_, at) => at));
    // Of so many, no key says that it is none of theirs.
    expect((await unlock('a', keyOf(999_999))).refusal).toBe(Refusals.keyPrefixAmongMany);
    const late = nodeNameOf(keyOf(500), '__READ__', 500);
    const { delete: remove } = client.nodes;
    // It comes when the first one goes.
    client.nodes.delete = async (path, version) => {
      client.nodes.delete = remove;
      await client.nodes.create(childOf(paths.placeOf('a').base, late), { mode: 'ephemeral' });
      return client.nodes.delete(path, version);
    };
    const { released, releasedCount, refusal } = await unlock('a', '', true);
    expect([released.length, releasedCount, refusal]).toEqual([Limits.listedClaimsMax, many, null]);
    expect(left('a')).toEqual([late]);
  });

  it('says that nothing was there where somebody else was first', async () => {
    await contend('a', '__WRIT__', 1);
    const { delete: remove } = client.nodes;
    client.nodes.delete = async (path, version) => {
      await remove.call(client.nodes, path, version);
      return remove.call(client.nodes, path, version);
    };
    expect((await unlock('a')).refusal).toBe(Refusals.lockDoesNotExist);
  });

  it('says that it does not know where the session ends meanwhile', async () => {
    await contend('a', '__WRIT__', 1);
    client.nodes.delete = async () => {
      client.nodes.session.close();
      throw new Error('gone');
    };
    await expect(unlock('a')).rejects.toThrow(ClusterUnreachableError);
  });
});

describe('watches', () => {
  const told: string[] = [];
  const listener = (steps: readonly WatchStep[]): void => {
    for (const step of steps) told.push(step.kind === 'event' ? step.event.type : step.kind);
  };
  beforeEach(() => told.splice(0));

  it('share a mirror, tell what there is and what happens', async () => {
    await contend('a', '__WRIT__', 1);
    inspector.watch({ prefix: '' }, listener);
    await client.pass(200);
    expect(told.splice(0)).toEqual(['snapshotBegin', 'lock', 'snapshotEnd']);
    // One that comes later is told at once, but not before it is there.
    inspector.watch({ prefix: 'b' }, listener);
    expect(told).toEqual([]);
    await new Promise((resolve) => setImmediate(resolve));
    expect(told.splice(0)).toEqual(['snapshotBegin', 'snapshotEnd']);
    await contend('a', '__WRIT__', 2);
    await client.pass(1_200);
    expect(told).toEqual(['waiting']);
    inspector.close();
  });

  it('go on while another one ends', async () => {
    const other = inspector.watch({ prefix: '' }, () => {});
    inspector.watch({ prefix: '' }, listener);
    await client.pass(200);
    other.close();
    told.splice(0);
    await contend('a', '__WRIT__', 1);
    await client.pass(1_200);
    expect(told).toEqual(['granted']);
    inspector.close();
  });

  it('are so many at a time, and make room when they are closed', () => {
    const watches = Array.from({ length: Limits.watchesMax }, () =>
      inspector.watch({ prefix: '' }, listener),
    );
    expect(() => inspector.watch({ prefix: '' }, listener)).toThrow(
      new TooManyWatchesError(Limits.watchesMax),
    );
    watches[3]!.close();
    watches[3] = inspector.watch({ prefix: '' }, listener);
    for (const watch of watches) watch.close();
    inspector.watch({ prefix: '' }, listener).close();
  });

  it('end with the inspector, and so does all else', async () => {
    await contend('a', '__WRIT__', 1);
    inspector.watch({ prefix: '' }, listener);
    inspector.close();
    await client.pass(2_500);
    expect(told).toEqual([]);
    expect(() => inspector.watch({ prefix: '' }, listener)).toThrow(InspectionEndedError);
    await expect(client.come(inspector.get('a'))).rejects.toThrow(InspectionEndedError);
    await expect(unlock('a')).rejects.toThrow(InspectionEndedError);
  });
});
