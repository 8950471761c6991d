import { beforeEach, describe, expect, it } from 'vitest';
import { encodeBaseData } from '../../../src/engine/zookeeper/base-data.ts';
import { LockBases } from '../../../src/engine/zookeeper/lock-base.ts';
import { LockPaths } from '../../../src/engine/zookeeper/lock-place.ts';
import { findPlacedClaim, queuePath } from '../../../src/engine/zookeeper/placed-claim.ts';
import { childOf, nameOf } from '../../../src/zookeeper/node-path.ts';
import { NoAuthError, NoNodeError } from '../../../src/zookeeper/server-refusal.ts';
import { ModelNodes } from '../../zookeeper/model/model-nodes.ts';
import { keyOf, ModelClient, nodeData, nodeNameOf } from './model-client.ts';

/** The data of contenders cannot be read, for a reason. */
class FailingNodes extends ModelNodes {
  failure: ((path: string) => Error) | null = null;

  override getData(...args: Parameters<ModelNodes['getData']>) {
    if (this.failure === null || !args[0].includes('_c_')) return super.getData(...args);
    return Promise.reject(this.failure(args[0]));
  }
}

const paths = new LockPaths([
  { name: 'm', path: '/m', layout: 'mutex' },
  { name: 's', path: '/s', layout: 'semaphore' },
]);
const KEY = keyOf(1);

let client: ModelClient<FailingNodes>;

beforeEach(async () => {
  client = await ModelClient.openAs((ensemble) => new FailingNodes(ensemble));
});

function find(name: string, key = KEY) {
  const { nodes } = client;
  return client.come(findPlacedClaim(nodes, new LockBases(nodes, () => {}), paths.placeOf(name), key));
}

type Kind = Parameters<typeof nodeNameOf>[1];

/** Somebody of ours in the queue of a lock. */
async function contend(name: string, key: string, kind: Kind, at: number): Promise<string> {
  const path = childOf(queuePath(paths.placeOf(name)), nodeNameOf(key, kind, at));
  await client.put(path, nodeData({ holder: `${kind}${at}` }));
  return path;
}

async function makeBase(name: string, size: number): Promise<void> {
  const { base } = paths.placeOf(name);
  await client.put(base, encodeBaseData(nameOf(base), size, name), { mode: 'persistent' });
}

describe('the queue of a lock', () => {
  it('is its node, but that of its leases where the operator has named a semaphore', () => {
    expect(queuePath(paths.placeOf('a'))).toBe(paths.placeOf('a').base);
    expect(queuePath(paths.placeOf('m'))).toBe('/m');
    expect(queuePath(paths.placeOf('s'))).toBe('/s/leases');
  });
});

describe('a claim that is looked for by its key', () => {
  it('is told from a lock that nobody uses', async () => {
    expect(await find('a')).toBe('noLock');
    expect(await find('s')).toBe('noLock');
    await makeBase('a', 1);
    expect(await find('a')).toBeNull();
    await contend('a', keyOf(2), '__WRIT__', 0);
    expect(await find('a')).toBeNull();
    // No key is the beginning of all.
    expect(await find('a', '')).toBeNull();
  });

  it.each<[what: string, before: Kind | null, own: Kind, isHeld: boolean]>([
    ['a writer alone', null, '__WRIT__', true],
    ['a writer behind a writer', '__WRIT__', '__WRIT__', false],
    ['a writer behind a reader', '__READ__', '__WRIT__', false],
    ['a reader behind a reader', '__READ__', '__READ__', true],
    ['a reader behind a writer', '__WRIT__', '__READ__', false],
  ])('is held or not by its place in the queue: %s', async (_what, before, own, isHeld) => {
    await makeBase('a', 1);
    if (before !== null) await contend('a', keyOf(2), before, 3);
    const path = await contend('a', KEY, own, 4);
    expect(await find('a')).toMatchObject({ path, isHeld, stays: false, version: 0 });
  });

  it.each([
    [1, false],
    [2, true],
    [3, true],
  ])('behind one other is held by the size %i of the lock: %s', async (size, isHeld) => {
    await makeBase('q', size);
    await contend('q', keyOf(2), 'lock-', 0);
    await contend('q', KEY, 'lock-', 1);
    expect(await find('q')).toMatchObject({ isHeld });
  });

  it('is not held where nobody has said how large the lock is', async () => {
    await contend('q', KEY, 'lock-', 0);
    expect(await find('q')).toMatchObject({ isHeld: false });
    await contend('m', KEY, 'lock-', 0);
    expect(await find('m')).toMatchObject({ isHeld: true });
  });

  it('has what its node says, and the version of that, and may outlive its server', async () => {
    await makeBase('a', 1);
    const path = childOf(paths.placeOf('a').base, nodeNameOf(KEY, '__WRIT__', 0));
    await client.put(path, nodeData(), { mode: 'persistent' });
    await client.come(client.nodes.setData(path, nodeData({ holder: 'Zoë', lockTimeoutMs: 9 })));
    const claim = await find('a');
    expect(claim).toMatchObject({ path, version: 1, stays: true, isHeld: true });
    expect(claim).toMatchObject({ data: { holder: 'Zoë', lockTimeoutMs: 9 } });
  });

  it('is the one that holds, of two by the same key', async () => {
    await makeBase('a', 1);
    await contend('a', keyOf(2), '__WRIT__', 0);
    const [late, early] = [await contend('a', KEY, '__WRIT__', 7), await contend('a', KEY, '__WRIT__', 5)];
    expect([late, early]).toContain(((await find('a')) as { path: string }).path);
    const { base } = paths.placeOf('a');
    await client.come(client.nodes.delete(childOf(base, nodeNameOf(keyOf(2), '__WRIT__', 0))));
    expect(await find('a')).toMatchObject({ path: early, isHeld: true });
  });

  it('is held where it is a lease of a semaphore', async () => {
    for (const at of [1, 2, 3]) await contend('s', keyOf(at), 'lease-', at);
    expect(await find('s', keyOf(3))).toMatchObject({ isHeld: true, data: { holder: 'lease-3' } });
  });

  it('is none of ours where another program has made it', async () => {
    await makeBase('a', 1);
    await client.put(childOf(paths.placeOf('a').base, nodeNameOf(KEY, '__WRIT__', 0)), '10.0.0.1');
    expect(await find('a')).toBeNull();
  });

  it('is none where it has gone meanwhile, and a failure where it may not be read', async () => {
    await makeBase('a', 1);
    await contend('a', KEY, '__WRIT__', 0);
    client.nodes.failure = (path) => new NoNodeError(path);
    expect(await find('a')).toBeNull();
    client.nodes.failure = (path) => new NoAuthError(path);
    await expect(find('a')).rejects.toThrow(NoAuthError);
  });
});
