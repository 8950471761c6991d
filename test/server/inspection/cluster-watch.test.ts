import { describe, expect, it } from 'vitest';
import type { WatchStep } from '../../../src/contract/lock-info.ts';
import { byteStringOf, LockPaths } from '../../../src/engine/zookeeper/lock-place.ts';
import type { PlacedContender, PlacedLock } from '../../../src/engine/zookeeper/placed-lock.ts';
import { ClusterRows } from '../../../src/server/inspection/cluster-rows.ts';
import { ClusterWatch } from '../../../src/server/inspection/cluster-watch.ts';

const paths = new LockPaths();

function contender(path: string): PlacedContender {
  const stat = { version: 0, czxid: 1n, createdMs: 5 } as PlacedContender['stat'];
  return { path, key: path, isReader: false, stat, data: null, text: '' };
}

function lock(
  name: string,
  holders: string,
  waiters = '',
  { holderCount = holders.length } = {},
): PlacedLock {
  const all = (letters: string): PlacedContender[] => [...letters].map(contender);
  const counts = { size: 2, holderCount, waiterCount: waiters.length };
  return {
    place: paths.placeOf(byteStringOf(name)),
    ...counts,
    holders: all(holders),
    waiters: all(waiters),
  };
}

/** A step in short. */
function brief(step: WatchStep): string {
  if (step.kind === 'lock') return `lock ${step.lock.name}`;
  if (step.kind === 'missed') return `missed ${step.count}`;
  if (step.kind !== 'event') return step.kind;
  const { type, name, holderCount, waiterCount, claim } = step.event;
  return `${type} ${name} ${holderCount}/${waiterCount}${'key' in claim ? ` ${claim.key}` : ''}`;
}

function open(prefix = '', locks: readonly PlacedLock[] = []) {
  const steps: WatchStep[] = [];
  const told: string[][] = [];
  const closed: ClusterWatch[] = [];
  const watch = new ClusterWatch({
    ...{ prefix: byteStringOf(prefix), rows: new ClusterRows({ claimOf: () => null }), nowMs: () => 7.6 },
    locks: () => locks,
    listener: (some) => {
      steps.push(...some);
      told.push(some.map(brief));
    },
    closed: (one) => closed.push(one),
  });
  return { watch, steps, told, closed };
}

describe('a watch over locks in ZooKeeper', () => {
  it('begins with all that there is below its prefix', () => {
    const { watch, told } = open('ä', [lock('äa', 'x'), lock('b', 'y'), lock('äc', 'z')]);
    watch.begin();
    expect(told).toEqual([['snapshotBegin', 'lock äa', 'lock äc', 'snapshotEnd']]);
  });

  it('tells nothing before that, which would tell it again', () => {
    const { watch, told } = open();
    watch.changed(null, lock('a', 'x'));
    expect(told).toEqual([]);
  });

  it('tells what has happened, with the time and in order', () => {
    const { watch, steps, told } = open('a');
    watch.begin();
    watch.changed(null, lock('a', 'x', 'y'));
    watch.changed(lock('a', 'x', 'y'), null);
    watch.changed(null, lock('b', 'x'));
    watch.changed(lock('a', 'x'), lock('a', 'x'));
    expect(told.slice(1)).toEqual([
      ['granted a 1/0 x', 'waiting a 1/1'],
      ['released a 0/1 x', 'left a 0/0'],
    ]);
    expect(steps.map(({ sequence }) => sequence)).toEqual([1, 2, 3, 4, 5, 6]);
    expect(steps.at(-1)).toMatchObject({ shard: 0, timeMs: 8, event: { size: 2 } });
  });

  it('tells the lock as a whole where not all that happened can be said', () => {
    const { watch, told } = open();
    watch.begin();
    watch.changed(null, lock('a', 'x', '', { holderCount: 150 }));
    watch.changed(lock('a', 'x', '', { holderCount: 150 }), lock('a', 'x', '', { holderCount: 149 }));
    watch.changed(lock('a', 'x', '', { holderCount: 149 }), lock('a', 'x', '', { holderCount: 149 }));
    watch.changed(lock('a', 'x'), lock('a', 'xy'));
    expect(told.slice(1)).toEqual([['granted a 1/0 x', 'lock a'], ['lock a'], ['granted a 2/0 y']]);
  });

  it('counts what happens while it pauses, and begins again then', () => {
    const { watch, told } = open('', [lock('a', 'x')]);
    watch.begin();
    told.length = 0;
    watch.pause();
    watch.changed(null, lock('a', 'x', 'y'));
    watch.changed(lock('a', 'x'), lock('a', 'x'));
    watch.changed(lock('a', 'x'), null);
    expect(told).toEqual([]);
    watch.resume();
    expect(told).toEqual([['missed 3', 'snapshotBegin', 'lock a', 'snapshotEnd']]);
    watch.resume();
    watch.pause();
    // Nothing was missed.
    watch.resume();
    expect(told.length).toBe(1);
  });

  it('has its first snapshot late where it pauses before', () => {
    const { watch, told } = open();
    watch.pause();
    watch.begin();
    expect(told).toEqual([]);
    watch.resume();
    expect(told).toEqual([['missed 1', 'snapshotBegin', 'snapshotEnd']]);
  });

  it('tells nothing any more once it is closed, and says so once', () => {
    const { watch, told, closed } = open();
    watch.begin();
    told.length = 0;
    watch.pause();
    watch.changed(null, lock('a', 'x'));
    watch.close();
    watch.close();
    watch.resume();
    watch.begin();
    watch.changed(null, lock('a', 'x'));
    expect([told, closed]).toEqual([[], [watch]]);
  });

  it('tells nothing more where its listener closes it', () => {
    const told: number[] = [];
    const watch: ClusterWatch = new ClusterWatch({
      ...{ prefix: '', rows: new ClusterRows({ claimOf: () => null }), nowMs: () => 0, locks: () => [] },
      listener: (steps) => {
        told.push(steps.length);
        watch.close();
      },
      closed: () => {},
    });
    watch.begin();
    watch.changed(null, lock('a', 'x'));
    expect(told).toEqual([2]);
  });
});
