import { beforeEach, describe, expect, it } from 'vitest';
import { Limits } from '../../../src/base/limits.ts';
import { encodeBaseData } from '../../../src/engine/zookeeper/base-data.ts';
import { byteStringOf, LockPaths } from '../../../src/engine/zookeeper/lock-place.ts';
import { type PlacedLock, readPlacedLock } from '../../../src/engine/zookeeper/placed-lock.ts';
import { childOf, nameOf } from '../../../src/zookeeper/node-path.ts';
import { NoAuthError, NoNodeError } from '../../../src/zookeeper/server-refusal.ts';
import { ModelNodes } from '../../zookeeper/model/model-nodes.ts';
import { keyOf, ModelClient, nodeData, nodeNameOf } from './model-client.ts';

/** Some reads of data come to nothing. */
class FailingNodes extends ModelNodes {
  fails: (path: string) => Error | null = () => null;

  override getData(...args: Parameters<ModelNodes['getData']>) {
    const error = this.fails(args[0]);
    return error === null ? super.getData(...args) : Promise.reject(error);
  }
}

const paths = new LockPaths([
  { name: 'm', path: '/m', layout: 'mutex' },
  { name: 'r', path: '/r', layout: 'rw' },
  { name: 's', path: '/s', layout: 'semaphore' },
]);

const shownMost = 'x'.repeat(Limits.zookeeperTextCharactersMax);

let client: ModelClient<FailingNodes>;

beforeEach(async () => {
  client = await ModelClient.openAs((ensemble) => new FailingNodes(ensemble));
});

const read = (name: string, withWaiters = true): Promise<PlacedLock | null> =>
  client.come(readPlacedLock(client.nodes, paths.placeOf(name), withWaiters));

/** Who holds the lock and who waits, by their places in the queue. */
function split(lock: PlacedLock | null): string {
  const numbers = (list: PlacedLock['holders']): string =>
    list.map(({ path }) => Number(path.slice(-10))).join(' ');
  return lock === null ? 'nobody' : `${numbers(lock.holders)} / ${numbers(lock.waiters)}`;
}

async function contend(name: string, ...kinds: Parameters<typeof nodeNameOf>[1][]): Promise<void> {
  for (const [at, kind] of kinds.entries())
    await client.put(childOf(paths.placeOf(name).base, nodeNameOf(keyOf(at), kind, at)), nodeData());
}

describe('a lock as ZooKeeper has it', () => {
  it('is none where nobody holds it or waits', async () => {
    expect(await read('a')).toBeNull();
    await client.put(paths.placeOf('a').base, '1', { mode: 'persistent' });
    expect(await read('a')).toBeNull();
    expect(await read('s')).toBeNull();
  });

  it.each<[who: string, kinds: Parameters<typeof nodeNameOf>[1][], split: string]>([
    ['one writer', ['__WRIT__'], '0 / '],
    ['readers before a writer', ['__READ__', '__READ__', '__WRIT__', '__READ__'], '0 1 / 2 3'],
    ['a writer before readers', ['__WRIT__', '__READ__', '__READ__'], '0 / 1 2'],
    ['readers alone', ['__READ__', '__READ__'], '0 1 / '],
  ])('is held by the right ones of %s', async (_who, kinds, expected) => {
    for (const name of ['a', 'r']) {
      await contend(name, ...kinds);
      const lock = await read(name);
      expect(split(lock)).toBe(expected);
      expect(lock).toMatchObject({ size: 1, place: { name } });
      expect(lock?.holders.map(({ isReader }) => isReader)).toEqual(
        lock?.holders.map(({ path }) => path.includes('READ')),
      );
    }
  });

  it('is held by the first of a queue, as many as its node says', async () => {
    const { base } = paths.placeOf('q');
    await client.put(base, encodeBaseData(nameOf(base), 2, 'q'), { mode: 'persistent' });
    await contend('q', 'lock-', 'lock-', 'lock-');
    const lock = await read('q');
    expect(split(lock)).toBe('0 1 / 2');
    expect(lock).toMatchObject({ size: 2, holderCount: 2, waiterCount: 1 });
  });

  it('is one of another kind where the operator has said so', async () => {
    await contend('m', 'lock-', 'lock-');
    await client.put('/m/__WRIT__0000000000');
    expect(split(await read('m'))).toBe('0 / 1');
    await client.put('/s', '2', { mode: 'persistent' });
    const at = (kind: 'lock-' | 'lease-', number: number): string =>
      `/s/${kind === 'lock-' ? 'locks' : 'leases'}/${nodeNameOf(keyOf(number), kind, number)}`;
    await client.put(at('lock-', 3));
    expect(split(await read('s'))).toBe(' / 3');
    // The third is next, has its lease already, and waits.
    for (const number of [1, 0, 2]) await client.put(at('lease-', number));
    expect(split(await read('s'))).toBe('0 1 / 3');
    expect(await read('s')).toMatchObject({ size: 2, holderCount: 2, waiterCount: 1 });
  });

  it('is held by all leases where no server has said how many there may be', async () => {
    for (const number of [0, 1]) await client.put(`/s/leases/${nodeNameOf(keyOf(number), 'lease-', number)}`);
    expect(split(await read('s'))).toBe('0 1 / ');
    expect(await read('s')).toMatchObject({ size: 2, holderCount: 2, waiterCount: 0 });
    for (const number of [0, 1])
      await client.come(client.nodes.delete(`/s/leases/${nodeNameOf(keyOf(number), 'lease-', number)}`));
    await client.put(`/s/locks/${nodeNameOf(keyOf(2), 'lock-', 2)}`);
    expect(await read('s')).toMatchObject({ size: 1, holderCount: 0, waiterCount: 1 });
  });

  it('has its name from its node where that is a hash', async () => {
    const name = byteStringOf('ü'.repeat(200));
    const { base } = paths.placeOf(name);
    await client.put(base, encodeBaseData(nameOf(base), 1, name), { mode: 'persistent' });
    await contend(name, '__WRIT__');
    const hashed = paths.placeAt(base)!;
    expect(hashed.name).toBe('');
    const lock = await client.come(readPlacedLock(client.nodes, hashed, false));
    expect(lock?.place).toEqual({ ...hashed, name });
  });

  it('counts those who wait also where they are not asked for', async () => {
    await contend('a', '__WRIT__', '__WRIT__', '__WRIT__');
    const lock = await read('a', false);
    expect([lock?.holderCount, lock?.waiterCount, split(lock)]).toEqual([1, 2, '0 / ']);
  });

  it('lists no more than there is room for: the last granted, and the next', async () => {
    const beyond = Limits.listedClaimsMax + 1;
    const { base } = paths.placeOf('a');
    const pathAt = (at: number): string =>
      childOf(base, nodeNameOf(keyOf(at), at < beyond ? '__READ__' : '__WRIT__', at));
    await client.put(pathAt(0));
    const others = Array.from({ length: 2 * beyond - 1 }, (_, index) => pathAt(index + 1));
    await client.come(Promise.all(others.map((path) => client.nodes.create(path, { mode: 'ephemeral' }))));
    const lock = (await read('a'))!;
    expect([lock.holderCount, lock.waiterCount]).toEqual([beyond, beyond]);
    expect([lock.holders.length, lock.holders[0]!.path]).toEqual([Limits.listedClaimsMax, pathAt(1)]);
    expect([lock.waiters.length, lock.waiters[0]!.path]).toEqual([Limits.listedClaimsMax, pathAt(beyond)]);
    // At the limit all are listed.
    for (const at of [0, beyond]) await client.come(client.nodes.delete(pathAt(at)));
    const all = (await read('a'))!;
    expect([all.holderCount, all.waiterCount]).toEqual([beyond - 1, beyond - 1]);
    expect([all.holders.length, all.waiters.length]).toEqual([all.holderCount, all.waiterCount]);
  });
});

describe('somebody at a lock', () => {
  it('is one of ours by the data, and named by its key', async () => {
    const { base } = paths.placeOf('a');
    const data = nodeData({ holder: 'Zoë' });
    const { path, stat } = await client.put(childOf(base, nodeNameOf(keyOf(7), '__READ__', 0)), data);
    const [holder] = (await read('a'))!.holders;
    expect(holder).toMatchObject({ path, key: keyOf(7), isReader: true, text: '' });
    expect(holder!.data).toMatchObject({ holder: 'Zoë', sinceMs: 1_000 });
    expect(holder!.stat.czxid).toBe(stat.czxid);
  });

  it.each<[node: string, key: string]>([
    ['lock-0000000001', ''],
    [`${keyOf(5)}-lock-0000000001`, keyOf(5)],
    [`_c_${keyOf(5).replaceAll('-', '')}-lock-0000000001`, keyOf(5).replaceAll('-', '')],
    [`_c_${keyOf(5).slice(1)}-lock-0000000001`, ''],
  ])('at the node %s has the key %j', async (node, key) => {
    await client.put(`/m/${node}`);
    expect((await read('m'))!.holders).toMatchObject([{ key, data: null }]);
  });

  it.each<[what: string, written: string | Buffer, text: string]>([
    ['an address', '10.0.0.1', '10.0.0.1'],
    ['as much as is shown', shownMost, shownMost],
    ['one character more', `${shownMost}x`, ''],
    ['an escape sequence', 'a\u001b[2J', ''],
    ['no text', Buffer.from([0xff, 0x41]), ''],
  ])('of another program is shown with %s, as far as that is readable', async (_what, written, text) => {
    await client.put(`/m/${nodeNameOf(keyOf(1), 'lock-', 1)}`, written);
    expect((await read('m'))!.holders).toMatchObject([{ data: null, text }]);
  });

  it('is passed over who is gone by now, and not counted', async () => {
    await contend('a', '__READ__', '__READ__', '__WRIT__', '__WRIT__');
    const { base } = paths.placeOf('a');
    const names = (['__READ__', '__READ__', '__WRIT__', '__WRIT__'] as const).map((kind, at) =>
      childOf(base, nodeNameOf(keyOf(at), kind, at)),
    );
    const goneAt = (gone: readonly number[]) => (path: string) =>
      gone.some((at) => path === names[at]) ? new NoNodeError(path) : null;
    client.nodes.fails = goneAt([0, 3]);
    const lock = await read('a');
    expect([lock?.holderCount, lock?.waiterCount, split(lock)]).toEqual([1, 1, '1 / 2']);
    client.nodes.fails = goneAt([0, 1, 2, 3]);
    expect(await read('a')).toBeNull();
  });

  it('is told of as a failure where it may not be read, and so is the lock', async () => {
    await contend('a', '__WRIT__');
    const { base } = paths.placeOf('a');
    for (const refused of [base, childOf(base, nodeNameOf(keyOf(0), '__WRIT__', 0))]) {
      client.nodes.fails = (path) => (path === refused ? new NoAuthError(path) : null);
      await expect(read('a')).rejects.toThrow(NoAuthError);
    }
  });
});
