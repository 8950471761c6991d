import { describe, expect, it } from 'vitest';
import { foreignChild } from '../../../src/engine/zookeeper/layout-check.ts';
import type { Layout } from '../../../src/engine/zookeeper/lock-place.ts';

const UUID = '0c8c2e5b-1234-4abc-8def-0123456789ab';
const NUMBER = '0000000007';

/** What programs put below the node of a lock, and for which layouts that is a lock of the same kind. */
const CHILDREN: readonly [what: string, child: string, own: readonly Layout[]][] = [
  ["Curator's mutex", `_c_${UUID}-lock-${NUMBER}`, ['mutex', 'queue']],
  ["kazurator's mutex", `lock-${NUMBER}`, ['mutex', 'queue']],
  ["Curator's reader", `_c_${UUID}-__READ__${NUMBER}`, ['rw']],
  ["Curator's writer", `_c_${UUID}-__WRIT__${NUMBER}`, ['rw']],
  ["a semaphore's inner lock", 'locks', ['semaphore']],
  ["a semaphore's leases", 'leases', ['semaphore']],
  ['a lease', `_c_${UUID}-lease-${NUMBER}`, []],
  ["kazoo's lock", `${UUID.replaceAll('-', '')}__lock__${NUMBER}`, []],
  ["kazoo's read lock", `${UUID.replaceAll('-', '')}__rlock__${NUMBER}`, []],
  ['a mutex behind 2^31 others', `_c_${UUID}-lock--2147483648`, ['mutex', 'queue']],
];
const LAYOUTS: readonly Layout[] = ['rw', 'queue', 'mutex', 'semaphore'];
/** What is nobody's contender. */
const JUNK = ['readme', 'lock-', 'lock-12', '__READ__', 'locks2', 'xlocks', `lock-${NUMBER}x`, 'semaphore'];

describe('foreignChild', () => {
  describe.each(CHILDREN)('sees %s', (_what, child, own) => {
    it.each(LAYOUTS)('with layout %s only if it is of another kind', (layout) => {
      const expected = own.includes(layout) ? null : child;
      expect(foreignChild([child], layout)).toBe(expected);
      expect(foreignChild([...JUNK, child], layout)).toBe(expected);
    });
  });

  it.each(LAYOUTS)('with layout %s lets pass what belongs to no lock', (layout) => {
    expect(foreignChild([], layout)).toBeNull();
    expect(foreignChild(JUNK, layout)).toBeNull();
  });

  it('sees one that stands behind many of the own kind', () => {
    const own = Array.from({ length: 50 }, (_, i) => `_c_${UUID}-lock-${String(i).padStart(10, '0')}`);
    const foreign = `_c_${UUID}-__WRIT__${NUMBER}`;
    expect(foreignChild(own, 'queue')).toBeNull();
    expect(foreignChild([...own, foreign], 'queue')).toBe(foreign);
  });
});
