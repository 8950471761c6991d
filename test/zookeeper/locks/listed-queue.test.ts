import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ListedQueue } from '../../../src/zookeeper/locks/listed-queue.ts';
import { type Rule, standingOf } from '../../../src/zookeeper/locks/standing.ts';
import type { Stat } from '../../../src/zookeeper/wire/records.ts';

const STAT = { czxid: 7n } as Stat;

function listed(children: string[]): ListedQueue {
  return new ListedQueue({ children, stat: STAT });
}

const name = (prefix: string, kind: string, number: number): string =>
  `${prefix}${kind}${String(number).padStart(10, '0')}`;

/** Few prefixes and numbers, so that there are twins, and equals; and what counts for no lock. */
const child = fc.oneof(
  {
    weight: 9,
    arbitrary: fc
      .tuple(
        fc.constantFrom('_c_a-', '_c_b-', '_c_ab-', ''),
        fc.constantFrom('__READ__', '__WRIT__', 'lock-'),
        fc.nat(9),
      )
      .map(([prefix, kind, number]) => name(prefix, kind, number)),
  },
  { weight: 1, arbitrary: fc.constantFrom('junk', '_c_a', '_c_a-lock-', '~', 'lock-x000000001') },
);
const children = fc.uniqueArray(child, { minLength: 1, maxLength: 20 });
const rule = fc.constantFrom<Rule>(
  { kind: 'read' },
  { kind: 'write' },
  { kind: 'queue', lockName: 'lock-', size: 1 },
  { kind: 'queue', lockName: 'lock-', size: 3 },
  { kind: 'queue', lockName: 'lock-', size: 40 },
);

describe('a queue that many look at', () => {
  it('says to each what it would say to one, whoever has looked before and by which rule', () => {
    const looks = fc.array(fc.tuple(fc.nat(), rule), { minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(children, looks, (all, asked) => {
        const queue = listed(all);
        for (const [index, by] of asked) {
          // One more than there are stands for one that is gone.
          const own = all[index % (all.length + 1)] ?? name('_c_gone-', 'lock-', 1);
          expect(queue.standingOf(own, by)).toEqual(standingOf(all, own, by));
        }
      }),
      { numRuns: 2_000 },
    );
  });

  it('knows the twins of each node, before it was looked at and after', () => {
    const prefix = fc.constantFrom('_c_a-', '_c_b-', '_c_', '~', '_c_a');
    const looks = fc.array(fc.tuple(prefix, fc.boolean()), { minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(children, looks, (all, asked) => {
        const queue = listed(all);
        for (const [prefix, isThere] of asked) {
          const first = isThere ? all.find((each) => each.startsWith(prefix)) : undefined;
          const own = { name: first ?? 'none', prefix };
          const twins = all.filter((each) => each.startsWith(prefix) && each !== own.name);
          expect(queue.twinsOf(own).toSorted()).toEqual(twins.toSorted());
        }
      }),
      { numRuns: 1_000 },
    );
  });

  it('is what the server has listed', () => {
    const all = ['b', 'a'];
    const queue = listed(all);
    for (let i = 0; i < 10; i++) queue.standingOf('a', { kind: 'read' });
    queue.twinsOf({ name: 'a', prefix: 'a' });
    expect([queue.children, queue.stat]).toEqual([['b', 'a'], STAT]);
  });

  it('takes time for each who looks, and not for each pair of them', () => {
    const count = 20_000;
    const readers = Array.from({ length: count }, (_, i) => name(`_c_${i}-`, '__READ__', i + 1));
    const queue = listed([...readers, name('_c_w-', '__WRIT__', 0)]);
    const beganMs = performance.now();
    for (const [i, reader] of readers.entries()) {
      expect(queue.twinsOf({ name: reader, prefix: `_c_${i}-` })).toHaveLength(0);
      if (queue.standingOf(reader, { kind: 'read' }).kind !== 'behind') expect.unreachable();
    }
    // Some 100 ms; 4 * 10^8 names would take a minute.
    expect(performance.now() - beganMs).toBeLessThan(5_000);
  });
});
