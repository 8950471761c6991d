import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { encodeBaseData } from '../../../src/engine/zookeeper/base-data.ts';
import { BUCKETS, bucketPath, LockPaths, type LockPlace } from '../../../src/engine/zookeeper/lock-place.ts';
import { LockWalk, type WalkPage, type WalkQuery } from '../../../src/engine/zookeeper/lock-walk.ts';
import { childOf, nameOf } from '../../../src/zookeeper/node-path.ts';
import { NoAuthError, NoNodeError } from '../../../src/zookeeper/server-refusal.ts';
import { type NodeRoom, openRoom, ours, uuidOf } from './node-room.ts';

const paths = new LockPaths([{ name: 'mapped', path: '/teams/mapped', layout: 'mutex' }]);

let room: NodeRoom;
let walk: LockWalk;
let contenders = 0;

beforeEach(async () => {
  room = await openRoom();
  walk = new LockWalk(room.nodes, paths);
});

/** Somebody has the lock. */
async function hold(place: LockPlace, name = place.name): Promise<void> {
  const { base } = place;
  const data = encodeBaseData(nameOf(base), 1, name);
  if (!room.has(base)) await room.put(base, data);
  const number = String(contenders++).padStart(10, '0');
  const lockName = place.mapped === 'mutex' ? 'lock-' : '__READ__';
  await room.put(childOf(base, `_c_${uuidOf(contenders)}-${lockName}${number}`), ours());
}

async function holdAll(names: readonly string[]): Promise<void> {
  for (const name of names) await hold(paths.placeOf(name));
}

const page = (query: Partial<WalkQuery> = {}): Promise<WalkPage> =>
  room.come(walk.page({ prefix: '', countMax: 1_000, waiters: true, order: 0, ...query }));

/** All pages, each as the names on it. */
async function pagesOf(query: Partial<WalkQuery>): Promise<string[][]> {
  const pages: string[][] = [];
  for (let order: number | null = 0; order !== null; ) {
    const { locks, nextOrder }: WalkPage = await page({ ...query, order });
    pages.push(locks.map(({ place }) => place.name));
    order = nextOrder;
  }
  return pages;
}

const inOrder = (names: readonly string[]) =>
  [...names].sort((a, b) => paths.placeOf(a).order - paths.placeOf(b).order);
const names = (count: number) => Array.from({ length: count }, (_, i) => `lock-${i}`);

describe('a walk over the locks', () => {
  it('finds those that somebody has or wants, in the order of the hashes of their names', async () => {
    const expected = [...names(10), 'mapped', 'n'.repeat(250), 'with/slash'];
    await holdAll(expected);
    // Nobody has these, and those are no locks.
    for (const path of [paths.placeOf('unused').base, '/locks/zz/a', '/locks/00/%zz', '/locks/0'])
      await room.put(path, Buffer.from('1'));
    const { locks, nextOrder } = await page();
    expect(locks.map(({ place }) => place.name)).toEqual(inOrder(expected));
    expect(nextOrder).toBeNull();
  });

  it('finds nothing where there is nothing', async () => {
    expect(await page()).toEqual({ locks: [], nextOrder: null });
  });

  it('brings the connected server up to date first', async () => {
    await holdAll(['a']);
    const asked: string[] = [];
    const { sync, getChildren } = room.nodes;
    vi.spyOn(room.nodes, 'sync').mockImplementation((path) => {
      asked.push(`sync ${path}`);
      return sync.call(room.nodes, path);
    });
    vi.spyOn(room.nodes, 'getChildren').mockImplementation((path) => {
      asked.push(`getChildren ${path}`);
      return getChildren.call(room.nodes, path);
    });
    await page();
    expect(asked.slice(0, 2)).toEqual(['sync /locks', 'getChildren /locks']);
  });

  it('asks for nothing in buckets that are not there', async () => {
    await holdAll(['a']);
    const list = vi.spyOn(room.nodes, 'getChildren');
    await page();
    const bucket = bucketPath(paths.placeOf('a').order >>> 24);
    const asked = list.mock.calls.map(([path]) => path).filter((path) => path.startsWith('/locks'));
    expect(asked).toEqual(['/locks', bucket, paths.placeOf('a').base]);
  });

  it('tells of waiters if it is asked for them', async () => {
    await room.put('/teams/mapped/lock-0000000001', ours());
    await room.put('/teams/mapped/lock-0000000002', ours());
    const [withThem, without] = [await page(), await page({ waiters: false })];
    for (const { locks } of [withThem, without]) expect(locks[0]).toMatchObject({ waiterCount: 1 });
    expect([withThem, without].map(({ locks }) => locks[0]!.waiters.length)).toEqual([1, 0]);
  });
});

describe('the pages of a walk', () => {
  it.each([1, 2, 5, 9, 10, 11])('of %i have each lock once, and say where to go on', async (countMax) => {
    const expected = inOrder([...names(9), 'mapped']);
    await holdAll(expected);
    const pages = await pagesOf({ countMax });
    expect(pages.flat()).toEqual(expected);
    expect(pages.slice(0, -1).every(({ length }) => length === countMax)).toBe(true);
  });

  it('end behind the last bucket', async () => {
    const last = Array.from({ length: 5_000 }, (_, i) => `last-${i}`).find(
      (name) => paths.placeOf(name).order >>> 24 === BUCKETS - 1,
    )!;
    await holdAll([last]);
    expect(await page({ countMax: 1 })).toMatchObject({
      locks: [{ place: { name: last } }],
      nextOrder: null,
    });
    expect(await page({ order: paths.placeOf(last).order })).toMatchObject({ locks: [{}] });
    expect(await page({ order: paths.placeOf(last).order + 1 })).toEqual({ locks: [], nextOrder: null });
  });

  it('have every lock that is there throughout, whatever comes and goes', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 4 }),
        fc.array(fc.tuple(fc.nat({ max: 30 }), fc.boolean()), { maxLength: 6 }),
        async (countMax, changes) => {
          room = await openRoom();
          walk = new LockWalk(room.nodes, paths);
          const steady = names(8);
          await holdAll(steady);
          const found: string[] = [];
          for (let order: number | null = 0; order !== null; ) {
            const { locks, nextOrder }: WalkPage = await page({ countMax, order });
            found.push(...locks.map(({ place }) => place.name));
            order = nextOrder;
            const [number, comes] = changes.pop() ?? [0, false];
            const place = paths.placeOf(`other-${number}`);
            if (comes) await hold(place);
            else if (room.has(place.base))
              for (const child of room.ensemble.server.tree.children(place.base))
                await room.come(room.others.delete(childOf(place.base, child)));
          }
          expect(found.filter((name) => steady.includes(name))).toEqual(inOrder(steady));
        },
      ),
      { numRuns: 20 },
    );
  });

  it('end between two orders, so locks of the same order are on one page', async () => {
    const rest = ['1', '2', '3'].map((digit) => `~00000007${digit.repeat(56)}`);
    for (const node of [...rest, `~00000008${'0'.repeat(56)}`]) {
      const place = paths.placeAt(`/locks/00/${node}`)!;
      await hold(place, `name of ${node[9]}`);
    }
    const first = await page({ countMax: 1 });
    expect(first.locks.map(({ place }) => place.name)).toEqual(['name of 1', 'name of 2', 'name of 3']);
    expect(first.nextOrder).toBe(8);
    const second = await page({ countMax: 1, order: 8 });
    expect(second.locks.map(({ place }) => place.name)).toEqual(['name of 0']);
  });

  it('read a bucket of any size, so many locks at a time', async () => {
    const nodes = Array.from({ length: 130 }, (_, i) => `~00${i.toString(16).padStart(62, '0')}`);
    for (const node of nodes) await hold(paths.placeAt(`/locks/00/${node}`)!, node.slice(-4));
    const { locks, nextOrder } = await page({ countMax: 129 });
    // All have the order 0, so none is left for another page.
    expect([locks.length, nextOrder]).toEqual([130, 1 * 2 ** 24]);
  });
});

describe('a prefix', () => {
  it('lets through the names that begin with it, long ones and mapped ones as well', async () => {
    const long = `map${'n'.repeat(250)}`;
    await holdAll(['mapped', 'map', 'ma', 'xmap', long, `x${long}`]);
    const { locks } = await page({ prefix: 'map' });
    expect(locks.map(({ place }) => place.name)).toEqual(inOrder(['mapped', 'map', long]));
  });

  it('is looked at before a lock is read, where its node has its name', async () => {
    await holdAll(names(3));
    const read = vi.spyOn(room.nodes, 'getData');
    expect((await page({ prefix: 'z' })).locks).toEqual([]);
    expect(read).not.toHaveBeenCalled();
  });
});

describe('what is wrong with nodes', () => {
  it('does not matter where they vanish meanwhile', async () => {
    await holdAll(['a', 'b']);
    const bucket = bucketPath(paths.placeOf('a').order >>> 24);
    const { getChildren } = room.nodes;
    vi.spyOn(room.nodes, 'getChildren').mockImplementation((path, ...rest) =>
      path === bucket ? Promise.reject(new NoNodeError(path)) : getChildren.call(room.nodes, path, ...rest),
    );
    expect((await page()).locks.map(({ place }) => place.name)).toEqual(['b']);
  });

  it('fails the page where they may not be read', async () => {
    await holdAll(['a']);
    vi.spyOn(room.nodes, 'getChildren').mockRejectedValueOnce(new NoAuthError('/locks'));
    await expect(page()).rejects.toThrow(NoAuthError);
  });

  it('hides no lock behind one that stands where none of us has put it', async () => {
    const hash = createHash('sha256').update('x').digest('hex');
    for (const node of [`~ffffffff${hash.slice(8)}`, '~zz', '~'])
      await room.put(`/locks/00/${node}`, Buffer.from('1'));
    const expected = inOrder(names(6));
    await holdAll(expected);
    await hold(paths.placeAt(`/locks/00/~00000001${'0'.repeat(56)}`)!, 'low');
    expect((await pagesOf({ countMax: 1 })).flat()).toEqual(['low', ...expected]);
  });
});
