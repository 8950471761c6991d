import { describe, expect, it } from 'vitest';
import { MultiLock } from '../../../src/zookeeper/locks/multi-lock.ts';
import { Mutex } from '../../../src/zookeeper/locks/mutex.ts';
import { ReadWriteLock } from '../../../src/zookeeper/locks/read-write-lock.ts';
import { Semaphore } from '../../../src/zookeeper/locks/semaphore.ts';
import { seededIntegers } from '../../core/random.ts';
import { ModelEnsemble } from '../model/model-ensemble.ts';
import { ModelNodes } from '../model/model-nodes.ts';
import { VirtualTime } from '../model/virtual-time.ts';

const nodes = new ModelNodes(new ModelEnsemble(new VirtualTime(), seededIntegers(1)));
const USE = { code: 'ZOOKEEPER_USE' };
const recipes = () => {
  const mutex = new Mutex(nodes, '/a');
  const { readLock } = new ReadWriteLock(nodes, '/b');
  return [mutex, readLock, new Semaphore(nodes, '/c', { maxLeases: 3 }), new MultiLock([mutex])];
};

/** What the compiler would not let pass. */
const untyped = (value: unknown): never => value as never;

describe('a timeout', () => {
  const wrong = [Number.NaN, -1, '100', {}, true, 1n];

  it.each(wrong)('that is none is refused where it is asked for: %s', async (timeoutMs) => {
    for (const recipe of recipes()) {
      await expect(recipe.acquire({ timeoutMs: untyped(timeoutMs) })).rejects.toMatchObject(USE);
      recipe.timeoutMs = untyped(timeoutMs);
      await expect(recipe.acquire()).rejects.toMatchObject(USE);
    }
    const semaphore = new Semaphore(nodes, '/c', { maxLeases: 3 });
    await expect(semaphore.acquireMany(1, { timeoutMs: untyped(timeoutMs) })).rejects.toMatchObject(USE);
  });

  it.each(wrong)('that is none is refused where it is said for all calls: %s', (value) => {
    const options = { timeoutMs: untyped(value) };
    for (const make of [
      () => new Mutex(nodes, '/a', options),
      () => new ReadWriteLock(nodes, '/a', options),
      () => new Semaphore(nodes, '/a', { ...options, maxLeases: 1 }),
      () => new MultiLock([], options),
    ])
      expect(make).toThrow('timeoutMs must be');
  });

  it('of both faces of a lock can be read where it is set', () => {
    const lock = new ReadWriteLock(nodes, '/a', { timeoutMs: 7 });
    expect(lock.timeoutMs).toBe(7);
    lock.timeoutMs = null;
    expect([lock.timeoutMs, lock.readLock.timeoutMs, lock.writeLock.timeoutMs]).toEqual([null, null, null]);
  });
});

it.each([new AbortController(), 'stop', null])('a signal that is none is refused: %s', async (signal) => {
  for (const recipe of recipes())
    await expect(recipe.acquire({ signal: untyped(signal) })).rejects.toMatchObject(USE);
  await expect(new Mutex(nodes, '/a').tryAcquire({ signal: untyped(signal) })).rejects.toMatchObject(USE);
});

it.each([0, -1, 4, 1.5, Number.NaN])(
  'a number of leases that cannot be had is refused: %s',
  async (count) => {
    const semaphore = new Semaphore(nodes, '/c', { maxLeases: 3 });
    await expect(semaphore.acquireMany(count, { timeoutMs: null })).rejects.toMatchObject(USE);
  },
);
