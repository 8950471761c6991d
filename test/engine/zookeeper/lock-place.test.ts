import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Limits } from '../../../src/base/limits.ts';
import {
  BUCKETS,
  bucketPath,
  byteStringOf,
  isHashed,
  LOCKS_PATH,
  LockPaths,
  type MappedPath,
  textOf,
} from '../../../src/engine/zookeeper/lock-place.ts';
import { checkPath, nameOf, parentOf } from '../../../src/zookeeper/node-path.ts';

const paths = new LockPaths();
/** Any bytes, also such as are no UTF-8. */
const byteStrings = fc
  .uint8Array({ minLength: 1, maxLength: 300 })
  .map((bytes) => Buffer.from(bytes).toString('latin1'));
/** As long as a name may be whose node bears it, each byte of it escaped. */
const shortNames = fc
  .uint8Array({ minLength: 1, maxLength: 66 })
  .map((bytes) => Buffer.from(bytes).toString('latin1'));

describe('the node of a lock', () => {
  it('has a path that ZooKeeper allows, in the bucket of its order, whatever the name', () => {
    fc.assert(
      fc.property(byteStrings, (name) => {
        const { base, order, mapped } = paths.placeOf(name);
        checkPath(base);
        expect(base).toMatch(/^\/locks\/[0-9a-f]{2}\/[A-Za-z0-9\-_.%~]{1,200}$/);
        expect(parentOf(base)).toBe(bucketPath(order >>> 24));
        expect(mapped).toBeNull();
      }),
    );
  });

  it('says the name again, unless that is long', () => {
    fc.assert(
      fc.property(shortNames, (name) => {
        const place = paths.placeOf(name);
        expect(isHashed(nameOf(place.base))).toBe(false);
        expect(paths.placeAt(place.base)).toEqual(place);
      }),
    );
  });

  it.each([
    ['a-Z_0.9', 'a-Z_0.9'],
    ['.', '%2E'],
    ['..', '%2E.'],
    ['.hidden', '%2Ehidden'],
    ['jobs/1', 'jobs%2F1'],
    ['100%', '100%25'],
    ['~a', '%7Ea'],
    ['zookeeper', 'zookeeper'],
    ['\0\n\x7f', '%00%0A%7F'],
    [byteStringOf('é🔒'), '%C3%A9%F0%9F%94%92'],
  ])('of %j is called %s', (name, node) => {
    expect(nameOf(paths.placeOf(name).base)).toBe(node);
  });

  it('bears so many characters, and a hash from there on', () => {
    const most = Limits.zookeeperNodeCharactersMax;
    for (const [name, hashed] of [
      ['n'.repeat(most), false],
      ['n'.repeat(most + 1), true],
      [`/${'n'.repeat(most - 3)}`, false],
      [`/${'n'.repeat(most - 2)}`, true],
    ] as const) {
      const { base, order } = paths.placeOf(name);
      expect(isHashed(nameOf(base))).toBe(hashed);
      if (!hashed) continue;
      expect(nameOf(base)).toMatch(/^~[0-9a-f]{64}$/);
      // The name stands in the node's data alone; where the lock is among others is still known.
      expect(paths.placeAt(base)).toEqual({ name: '', base, mapped: null, order });
    }
  });

  it.each(['a%2', 'a%2f', '%61', 'a%', 'ü', '%G1', '.a', 'a b', '~', '~zz', `~${'0'.repeat(63)}`])(
    'is not %s, which none of us has made',
    (node) => {
      for (let bucket = 0; bucket < BUCKETS; bucket++)
        expect(paths.placeAt(`${bucketPath(bucket)}/${node}`)).toBeNull();
    },
  );

  it.each(['a', 'n'.repeat(250)])('is in no other bucket than its own: %s', (name) => {
    const { base } = paths.placeOf(name);
    const node = nameOf(base);
    const found = Array.from({ length: BUCKETS }, (_, bucket) => `${bucketPath(bucket)}/${node}`).filter(
      (path) => paths.placeAt(path) !== null,
    );
    expect(found).toEqual([base]);
  });

  it.each(['/', LOCKS_PATH, '/locks/00', '/locks/00/a/b', '/elsewhere/00/a'])('is not %s', (path) => {
    expect(paths.placeAt(path)).toBeNull();
  });
});

describe('the buckets', () => {
  it('have two digits each, and names fall to many of them', () => {
    expect([bucketPath(0), bucketPath(10), bucketPath(255)]).toEqual(['/locks/00', '/locks/0a', '/locks/ff']);
    const used = new Set(Array.from({ length: 2_000 }, (_, i) => parentOf(paths.placeOf(`jobs/${i}`).base)));
    expect(used.size).toBeGreaterThan(BUCKETS * 0.95);
  });
});

describe('a lock whose path the operator has named', () => {
  const entries: MappedPath[] = [
    { name: 'deploy', path: '/teams/deploy', layout: 'rw' },
    { name: 'é', path: '/pool', layout: 'semaphore' },
  ];
  const mapped = new LockPaths(entries);

  it('is there, by its name as text', () => {
    expect(mapped.placeOf('deploy')).toMatchObject({ base: '/teams/deploy', mapped: 'rw' });
    expect(mapped.placeOf(byteStringOf('é'))).toMatchObject({ base: '/pool', mapped: 'semaphore' });
    expect(mapped.placeOf('deploy/').base).toMatch(/^\/locks\//);
    expect(mapped.mapped.map(({ base }) => base)).toEqual(['/teams/deploy', '/pool']);
  });

  it('has the order that its name has elsewhere', () => {
    expect(mapped.placeOf('deploy').order).toBe(paths.placeOf('deploy').order);
  });

  it('is found by its path, and not any more where it was before', () => {
    expect(mapped.placeAt('/teams/deploy')).toEqual(mapped.placeOf('deploy'));
    expect(mapped.placeAt(paths.placeOf('deploy').base)).toBeNull();
  });
});

describe('the lock that a node belongs to', () => {
  const mapped = new LockPaths([{ name: 'a', path: '/a', layout: 'semaphore' }]);

  it.each([
    ['/locks/0f/x', '/locks/0f/x'],
    ['/locks/0f/x/_c_1-lock-0000000000', '/locks/0f/x'],
    ['/a', '/a'],
    ['/a/leases/_c_1-lease-0000000000', '/a'],
    ['/ab', null],
    ['/locks/0f', null],
    ['/locks', null],
  ])('of %s is %s', (path, base) => {
    expect(mapped.baseOf(path)).toBe(base);
  });
});

describe('byte strings', () => {
  it('come back as the text that they were made of', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(textOf(byteStringOf(text))).toBe(text);
        expect(byteStringOf(text)).toHaveLength(Buffer.byteLength(text));
      }),
    );
  });
});
