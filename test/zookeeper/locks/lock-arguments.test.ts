import { describe, expect, it } from 'vitest';
import { MultiLock } from '../../../src/zookeeper/locks/multi-lock.ts';
import { Mutex } from '../../../src/zookeeper/locks/mutex.ts';
import { ReadWriteLock } from '../../../src/zookeeper/locks/read-write-lock.ts';
import { Semaphore } from '../../../src/zookeeper/locks/semaphore.ts';
import { SharedCount } from '../../../src/zookeeper/locks/shared-count.ts';
import { ZooKeeperUseError } from '../../../src/zookeeper/zookeeper-error.ts';
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
      () => new MultiLock([new Mutex(nodes, '/a')], options),
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

/** All that are made of a client and a path. */
const makers: [string, (client: never, path: never, options?: never) => unknown][] = [
  ['Mutex', (client, path, options) => new Mutex(client, path, options)],
  ['ReadWriteLock', (client, path, options) => new ReadWriteLock(client, path, options)],
  ['Semaphore', (client, path, options = untyped({ maxLeases: 3 })) => new Semaphore(client, path, options)],
];

describe.each(makers)('a %s', (_name, make) => {
  it.each([
    ['x', '"x" is no path of a node: it must begin with /'],
    ['/x/', '"/x/" is no path of a node: it must not end with /'],
    ['', '"" is no path of a node: it must begin with /'],
    [undefined, 'a path must be a text such as "/a/b", not undefined'],
    [5, 'a path must be a text such as "/a/b", not 5'],
    ['/', 'a lock needs a node of its own, below the root'],
  ])('is refused at a path that cannot be one, which is named: %s', (path, message) => {
    const making = (): unknown => make(untyped(nodes), untyped(path));
    expect(making).toThrow(ZooKeeperUseError);
    expect(making).toThrow(message);
  });

  it.each([undefined, null, 'host:2181', Promise.resolve(nodes)])('needs a client: %s', (client) => {
    const making = (): unknown => make(untyped(client), untyped('/x'));
    expect(making).toThrow(ZooKeeperUseError);
    expect(making).toThrow(`a client must be what ZooKeeperClient.connect resolves with, not ${client}`);
  });

  it.each([null, 5])('takes no options that are none: %s', (options) => {
    const making = (): unknown => make(untyped(nodes), untyped('/x'), untyped(options));
    expect(making).toThrow(ZooKeeperUseError);
    expect(making).toThrow('options must be an object');
  });
});

it('a Semaphore needs options', () => {
  const making = (): unknown => new Semaphore(nodes, '/s', untyped(undefined));
  expect(making).toThrow('options must be an object such as { maxLeases: 5 }, not undefined');
});

it.each([
  [untyped(undefined), '/c', {}, 'a client must be'],
  [nodes, 'c', {}, '"c" is no path of a node'],
  [nodes, '/c', 5, 'options must be an object such as { seed: 5 }, not 5'],
])('a SharedCount is not opened with what cannot be: %s %s %s', async (client, path, options, message) => {
  const opening = SharedCount.open(client, path, untyped(options));
  await expect(opening).rejects.toThrow(ZooKeeperUseError);
  await expect(opening).rejects.toThrow(message);
});

it.each([5_000, null, 'x', () => 5])('a call with options that are none is refused: %s', async (options) => {
  const semaphore = new Semaphore(nodes, '/c', { maxLeases: 3 });
  const mutex = new Mutex(nodes, '/a');
  for (const calling of [
    ...recipes().map((recipe) => recipe.acquire(untyped(options))),
    ...[mutex.tryAcquire(untyped(options)), semaphore.tryAcquire(untyped(options))],
    semaphore.acquireMany(1, untyped(options)),
  ]) {
    await expect(calling).rejects.toThrow(ZooKeeperUseError);
    await expect(calling).rejects.toThrow('options must be an object such as {');
  }
});

it.each([
  ['none', []],
  ['no list', new Mutex(nodes, '/a')],
  ['nothing', undefined],
  ['something else', [new Mutex(nodes, '/a'), new Semaphore(nodes, '/c', { maxLeases: 3 })]],
])('several locks are not made of %s', (_what, locks) => {
  const making = (): unknown => new MultiLock(untyped(locks));
  expect(making).toThrow(ZooKeeperUseError);
  expect(making).toThrow('locks must be a list of at least one Mutex, readLock or writeLock');
});
