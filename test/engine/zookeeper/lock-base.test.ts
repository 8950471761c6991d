import { beforeEach, describe, expect, it } from 'vitest';
import { Limits } from '../../../src/base/limits.ts';
import { type Refusal, Refusals } from '../../../src/contract/refusal.ts';
import { LockBases, layoutOf } from '../../../src/engine/zookeeper/lock-base.ts';
import { LockPaths, type LockPlace } from '../../../src/engine/zookeeper/lock-place.ts';
import { encodeNodeData } from '../../../src/engine/zookeeper/node-data.ts';
import { LockRefusedError } from '../../../src/engine/zookeeper/refused-error.ts';
import { childOf } from '../../../src/zookeeper/node-path.ts';
import { seededIntegers } from '../../core/random.ts';
import { ModelEnsemble } from '../../zookeeper/model/model-ensemble.ts';
import { ModelNodes } from '../../zookeeper/model/model-nodes.ts';
import { VirtualTime } from '../../zookeeper/model/virtual-time.ts';

/** Counts what is read. */
class CountingNodes extends ModelNodes {
  reads = 0;

  override getData(...args: Parameters<ModelNodes['getData']>) {
    this.reads++;
    return super.getData(...args);
  }
}

const paths = new LockPaths([
  { name: 'm', path: '/m', layout: 'mutex' },
  { name: 'r', path: '/r', layout: 'rw' },
  { name: 's', path: '/s', layout: 'semaphore' },
]);
const UUID = '0c8c2e5b-1234-4abc-8def-0123456789ab';
const OURS = encodeNodeData({
  ...{ server: '1', client: { sessionId: '', address: '', protocol: '' }, holder: '' },
  ...{ lockTimeoutMs: 0, sinceMs: 1, grantedMs: 0, asksRenewal: false },
});

let time = new VirtualTime();
let nodes = new CountingNodes(new ModelEnsemble(time, seededIntegers(1)));
let notices: string[] = [];
let bases = new LockBases(nodes, () => {});

beforeEach(async () => {
  time = new VirtualTime();
  nodes = new CountingNodes(new ModelEnsemble(time, seededIntegers(1)));
  notices = [];
  bases = new LockBases(nodes, (path, child, layout) => notices.push(`${path} ${child} ${layout}`));
  await time.runUntil(50);
});

/** What a promise comes to, in time that is not real. */
async function come<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => {});
  await time.runUntil(time.nowMs + 100);
  return promise;
}

/** Why something is refused; null: it is not. */
async function refusalOf(promise: Promise<unknown>): Promise<Refusal | null> {
  try {
    await promise;
    return null;
  } catch (error) {
    if (error instanceof LockRefusedError) return error.refusal;
    throw error;
  }
}

async function sizeAt({ base }: LockPlace): Promise<string> {
  return (await come(nodes.getData(base))).data.toString();
}

async function check(place: LockPlace, size: number): Promise<void> {
  const listing = await come(nodes.getChildren(place.base));
  await come(bases.check(place, size, listing));
}

const contend = (place: LockPlace, child: string, data: Buffer = Buffer.alloc(0)) =>
  come(nodes.create(childOf(place.base, child), { mode: 'ephemeral', data }));

describe('the layout of a lock', () => {
  it.each([
    ['a', 1, 'rw'],
    ['a', 2, 'queue'],
    ['m', 1, 'mutex'],
    ['r', 1, 'rw'],
    ['s', 5, 'semaphore'],
  ])('%s of size %i is %s', (name, size, layout) => {
    expect(layoutOf(paths.placeOf(name), size)).toBe(layout);
  });
});

describe('the node of a lock', () => {
  it('says the size that was asked for first, and refuses another one from then on', async () => {
    const place = paths.placeOf('a');
    // Nothing is made that nobody may come to stand below.
    await come(bases.expect(place, 3));
    expect(await come(nodes.exists(place.base))).toBeNull();
    await come(bases.make(place, 3));
    expect(await sizeAt(place)).toBe('3');
    const other = new LockBases(nodes, () => {});
    expect(await refusalOf(come(other.expect(place, 2)))).toBe(Refusals.sizeMismatch);
    await come(other.expect(place, 3));
    expect(await sizeAt(place)).toBe('3');
  });

  it('is looked at again when it was made anew, with another size', async () => {
    const place = paths.placeOf('a');
    await come(bases.make(place, 3));
    await check(place, 3);
    await come(nodes.delete(place.base));
    await come(new LockBases(nodes, () => {}).make(place, 2));
    expect(await refusalOf(check(place, 3))).toBe(Refusals.sizeMismatch);
    await check(place, 2);
  });

  it('is read once, as long as it is the same and nobody writes it', async () => {
    const place = paths.placeOf('a');
    await come(bases.make(place, 3));
    for (let i = 0; i < 5; i++) await check(place, 3);
    expect(nodes.reads).toBe(1);
    await come(nodes.setData(place.base, Buffer.from('4')));
    expect(await refusalOf(check(place, 3))).toBe(Refusals.sizeMismatch);
    expect(nodes.reads).toBe(2);
  });

  it('is told the size when others have made it, and said nothing', async () => {
    const place = paths.placeOf('s');
    await come(nodes.create('/s'));
    await check(place, 4);
    expect(await sizeAt(place)).toBe('4');
    expect(await refusalOf(check(place, 5))).toBe(Refusals.sizeMismatch);
  });

  it('says nothing where the operator has named a lock of one holder', async () => {
    for (const name of ['m', 'r']) {
      const place = paths.placeOf(name);
      await come(bases.expect(place, 1));
      await come(bases.make(place, 1));
      await check(place, 1);
      expect(await sizeAt(place)).toBe('');
      const { stat } = await come(nodes.getChildren(place.base));
      expect(await come(bases.recordedSize(place, stat))).toBe(1);
    }
  });

  it('is refused when its data are of something else, or of a lock of the same hash', async () => {
    const long = paths.placeOf('n'.repeat(300));
    for (const [place, data] of [
      [paths.placeOf('s'), 'hello'],
      [long, '1\nanother name'],
    ] as const) {
      await come(new LockBases(nodes, () => {}).make(place, 1));
      await come(nodes.setData(place.base, Buffer.from(data)));
      expect(await refusalOf(check(place, 1))).toBe(Refusals.otherLayout);
    }
    expect(notices).toEqual(['/s  semaphore', `${long.base}  rw`]);
  });
});

describe('a lock of another kind at the same node', () => {
  it('is refused, and told of', async () => {
    const place = paths.placeOf('m');
    await come(bases.make(place, 1));
    await contend(place, `_c_${UUID}-lock-0000000001`);
    await check(place, 1);
    await contend(place, `_c_${UUID}-__WRIT__0000000002`, OURS);
    expect(await refusalOf(check(place, 1))).toBe(Refusals.otherLayout);
    expect(notices).toEqual([`/m _c_${UUID}-__WRIT__0000000002 mutex`]);
  });

  it('passes where our own servers have chosen the node, if it is one of theirs', async () => {
    const place = paths.placeOf('a');
    await come(bases.make(place, 1));
    // A server that has yet to see that the lock has another size.
    await contend(place, `_c_${UUID}-lock-0000000001`, OURS);
    await check(place, 1);
    await come(nodes.delete(childOf(place.base, `_c_${UUID}-lock-0000000001`)));
    await contend(place, `_c_${UUID}-lock-0000000002`, Buffer.from('10.0.0.1'));
    expect(await refusalOf(check(place, 1))).toBe(Refusals.otherLayout);
    // Of another size, it is the size that is told.
    expect(await refusalOf(check(place, 2))).toBe(Refusals.sizeMismatch);
  });

  it('that is gone by now is none', async () => {
    const place = paths.placeOf('a');
    await come(bases.make(place, 1));
    const { stat } = await come(nodes.getChildren(place.base));
    await come(bases.check(place, 1, { children: [`_c_${UUID}-lock-0000000001`], stat }));
    expect(notices).toEqual([]);
  });
});

describe('a listing at which many look', () => {
  it('is looked through once for each kind of lock that is meant', async () => {
    const place = paths.placeOf('m');
    await come(bases.make(place, 1));
    const { stat } = await come(nodes.getChildren(place.base));
    let walks = 0;
    const children = Object.assign([`_c_${UUID}-lock-0000000001`], {
      *[Symbol.iterator](this: string[]) {
        walks++;
        yield* Array.prototype.values.call(this) as IterableIterator<string>;
      },
    });
    for (let i = 0; i < 5; i++) await come(bases.check(place, 1, { children, stat }));
    expect([walks, notices]).toEqual([1, []]);
    // To another kind of lock, the same child is a stranger.
    const other: LockPlace = { ...place, mapped: 'rw' };
    expect(await refusalOf(come(bases.check(other, 1, { children, stat })))).toBe(Refusals.otherLayout);
    expect([walks, notices.length]).toEqual([2, 1]);
  });
});

describe('the limits', () => {
  it('let as many contend for a lock as a listing holds, and no more', async () => {
    const place = paths.placeOf('a');
    await come(bases.make(place, 1));
    const { stat } = await come(nodes.getChildren(place.base));
    const children = Array.from(
      { length: Limits.zookeeperContendersMax },
      (_, i) => `_c_${UUID}-__READ__${i}`,
    );
    await come(bases.check(place, 1, { children, stat }));
    const beyond = { children: [...children, 'one more'], stat };
    expect(await refusalOf(come(bases.check(place, 1, beyond)))).toBe(Refusals.tooManyClaims);
  });

  it('keep as many sizes in mind as there is room for, and forget the oldest', async () => {
    const place = paths.placeOf('a');
    await come(bases.make(place, 1));
    const read = await come(nodes.getData(place.base));
    let reads = 0;
    nodes.getData = async () => {
      reads++;
      return read;
    };
    const look = (number: number) => bases.recordedSize({ ...place, base: `/locks/00/${number}` }, read.stat);
    for (let i = 0; i < Limits.zookeeperBasesMax; i++) await look(i);
    expect(reads).toBe(Limits.zookeeperBasesMax);
    await look(0);
    expect(reads).toBe(Limits.zookeeperBasesMax);
    await look(Limits.zookeeperBasesMax);
    await look(1);
    expect(reads).toBe(Limits.zookeeperBasesMax + 1);
    await look(0);
    expect(reads).toBe(Limits.zookeeperBasesMax + 2);
  });
});
