import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Limits } from '../../../src/base/limits.ts';
import { queueOf } from '../../../src/zookeeper/locks/contenders.ts';
import {
  isTaken,
  lockNamesOf,
  MUTEX,
  type Rule,
  type Standing,
  standingOf,
} from '../../../src/zookeeper/locks/standing.ts';

const node = (kind: string, number: number): string => `_c_x-${kind}${String(number).padStart(10, '0')}`;
const semaphore: Rule = { kind: 'queue', lockName: 'lock-', size: 2 };
const read: Rule = { kind: 'read' };
const write: Rule = { kind: 'write' };
const [r, w] = [(number: number) => node('__READ__', number), (number: number) => node('__WRIT__', number)];
const l = (number: number) => node('lock-', number);

describe('the standing of a node', () => {
  it.each<[string, Rule, string[], string, unknown]>([
    ['the first of a mutex', MUTEX, [l(3), l(1)], l(1), 'held'],
    ['the second waits for the first', MUTEX, [l(1), l(2), l(3)], l(2), l(1)],
    ['the third waits for the second', MUTEX, [l(1), l(2), l(3)], l(3), l(2)],
    ['two of two', semaphore, [l(1), l(2), l(3)], l(2), 'held'],
    ['the third of two waits for either', semaphore, [l(1), l(2), l(3)], l(3), `${l(1)} ${l(2)}`],
    ['the fourth of two for the two before', semaphore, [l(1), l(2), l(3), l(4)], l(4), `${l(2)} ${l(3)}`],
    ['one that is not there', MUTEX, [l(1)], l(2), 'missing'],
    ['junk is passed over, also before all numbers', MUTEX, ['!junk', 'zjunk', l(7)], l(7), 'held'],
    ['other locks are passed over', MUTEX, [r(0), l(7)], l(7), 'held'],
    ['a reader behind readers', read, [r(1), r(2)], r(2), 'held'],
    ['a reader behind a writer', read, [w(1), r(2)], r(2), w(1)],
    ['a reader waits for the nearest writer', read, [w(1), r(2), w(3), r(4)], r(4), w(3)],
    ['a reader before a writer', read, [r(1), w(2)], r(1), 'held'],
    ['a writer behind a reader', write, [r(1), w(2)], w(2), r(1)],
    ['a writer behind a writer', write, [w(1), w(2)], w(2), w(1)],
    ['the first writer', write, [w(1), r(2)], w(1), 'held'],
    ['a writer behind a writer who reads too', write, [w(1), r(1), w(2)], w(2), r(1)],
  ])('is held, or behind another: %s', (_, rule, children, own, expected) => {
    const standing = standingOf(children, own, rule);
    expect(standing.kind === 'behind' ? standing.nodes.join(' ') : standing.kind).toBe(expected);
  });

  it('is looked at again by itself where not all are watched that it waits for', () => {
    const large = (size: number): Rule => ({ kind: 'queue', lockName: 'lock-', size });
    const children = Array.from({ length: 100 }, (_, i) => l(i));
    const behind = (size: number) => standingOf(children, l(99), large(size));
    const most = Limits.zookeeperWatchedMax;
    expect(behind(most)).toMatchObject({ nodes: { length: most }, lookMs: null });
    const first = l(99 - most - 1);
    expect(behind(most + 1)).toMatchObject({ nodes: { length: most, 0: first }, lookMs: 2_000 });
    const many = Array.from({ length: 5_000 }, (_, i) => l(i));
    expect(standingOf(many, l(4_999), large(40))).toMatchObject({ lookMs: 100_000 });
  });

  const queue = fc.uniqueArray(fc.tuple(fc.constantFrom(r, w), fc.nat(1_000)), {
    selector: ([, number]) => number,
    minLength: 1,
    maxLength: 12,
  });

  it('never has a writer hold together with anybody, and always somebody hold', () => {
    fc.assert(
      fc.property(queue, (contenders) => {
        const children = contenders.map(([kind, number]) => kind(number));
        const ruleOf = (name: string): Rule => (name.includes('WRIT') ? write : read);
        const holders = children.filter((name) => standingOf(children, name, ruleOf(name)).kind === 'held');
        expect(holders.length).toBeGreaterThan(0);
        if (holders.some((name) => name.includes('WRIT'))) expect(holders).toHaveLength(1);
      }),
    );
  });

  it('has everybody be told before it is his turn, whoever goes', () => {
    const sizes = fc.integer({ min: 1, max: 4 });
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.nat(1_000), { minLength: 1 }),
        sizes,
        fc.nat(),
        (numbers, size, chance) => {
          const rule: Rule = { kind: 'queue', lockName: 'lock-', size };
          const sorted = numbers.map(l).sort();
          const own = sorted[chance % sorted.length]!;
          const standing = standingOf(sorted, own, rule);
          if (standing.kind !== 'behind') return;
          expect(standing.nodes).toHaveLength(size);
          // As many of the others as can be are gone; it is still not his turn.
          const left = [...standing.nodes, own];
          expect(standingOf(left, own, rule).kind).toBe('behind');
        },
      ),
    );
  });
});

/** As it follows from the sorted queue. */
function standingInQueue(children: readonly string[], own: string, rule: Rule): Standing {
  const queue = queueOf(children, lockNamesOf(rule));
  const index = queue.findIndex(({ node: name }) => name === own);
  if (index < 0) return { kind: 'missing' };
  const before = queue
    .slice(0, index)
    .filter(({ node: name }) => rule.kind !== 'read' || /__WRIT__/.test(name));
  const size = rule.kind === 'queue' ? rule.size : 1;
  if (before.length < size) return { kind: 'held' };
  return { kind: 'behind', nodes: before.slice(-size).map(({ node: name }) => name), lookMs: null };
}

it('the standing is that in the sorted queue, also among equal numbers and whatever else is there', () => {
  const rules = fc.oneof(
    fc.constantFrom(read, write),
    fc.integer({ min: 1, max: 4 }).map((size): Rule => ({ kind: 'queue', lockName: 'lock-', size })),
  );
  const child = fc
    .tuple(
      fc.constantFrom('', '_c_x-', 'y'),
      fc.constantFrom('lock-', '__READ__', '__WRIT__', 'junk'),
      fc.constantFrom('0000000001', '0000000002', '0000000010', '-000000003', '-2147483648', '1', 'x'),
    )
    .map((parts) => parts.join(''));
  fc.assert(
    fc.property(fc.uniqueArray(child, { maxLength: 30 }), rules, fc.nat(), (children, rule, chance) => {
      const own = children[chance % (children.length + 1)] ?? 'lock-0000000007';
      expect(standingOf(children, own, rule)).toEqual(standingInQueue(children, own, rule));
    }),
    { numRuns: 5_000 },
  );
});

it.each<[Rule, string[], boolean]>([
  [MUTEX, [], false],
  [MUTEX, ['junk', r(1)], false],
  [MUTEX, [l(1)], true],
  [semaphore, [l(1)], false],
  [semaphore, [l(1), l(2)], true],
  [read, [r(1)], false],
  [read, [r(1), w(2)], true],
  [write, [r(1)], true],
  [write, [], false],
])('a lock is taken when a newcomer would wait: %j %j', (rule, children, expected) => {
  expect(isTaken(children, rule)).toBe(expected);
});
