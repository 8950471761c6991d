import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  isLockNameClear,
  isSequenceUsable,
  parseContender,
  queueOf,
} from '../../../src/zookeeper/locks/contenders.ts';

const uuid = '0f8fad5b-d9cb-469f-a165-70867728950e';
const names = ['__READ__', '__WRIT__'];

describe('a contender', () => {
  it.each([
    [`_c_${uuid}-lock-0000000012`, '0000000012'],
    ['_c_0123456789abcdef0123456789abcdef-lock-0000000012', '0000000012'],
    ['lock-0000000012', '0000000012'],
    ['a-lock-lock-0000000012', '0000000012'],
    [`_c_${uuid}-lock--2147483648`, '-2147483648'],
    [`_c_${uuid}-lock--000000001`, '-000000001'],
  ])('is known by the last occurrence of the name and a number: %s', (node, sequence) => {
    expect(parseContender(node, ['lock-'])).toEqual({ node, lockName: 'lock-', sequence });
  });

  it.each([
    '',
    'zjunk',
    '!junk',
    'lock-',
    'lock-1',
    'lock-00000000012',
    'lock-000000001x',
    '__READ__0000000001',
    'leases',
  ])('is nothing else that stands there: %j', (node) => {
    expect(parseContender(node, ['lock-'])).toBeNull();
  });
});

it('is read as Curator reads it, whatever the name', () => {
  const byLastOccurrence = (node: string, lockName: string): string | null => {
    const at = node.lastIndexOf(lockName);
    const sequence = at < 0 ? '' : node.slice(at + lockName.length);
    return /^-?\d{9,10}$/.test(sequence) ? sequence : null;
  };
  const text = fc.string({ unit: fc.constantFrom('a', '-', '0', '1'), minLength: 1, maxLength: 5 });
  const number = fc.string({ unit: fc.constantFrom('-', '0', '1'), minLength: 8, maxLength: 12 });
  fc.assert(
    fc.property(text.filter(isLockNameClear), text, number, fc.boolean(), (name, before, digits, has) => {
      const node = before + (has ? name : '') + digits;
      expect(parseContender(node, [name])?.sequence ?? null).toBe(byLastOccurrence(node, name));
    }),
    { numRuns: 5_000 },
  );
});

describe('the queue', () => {
  it('goes by the numbers as texts, whatever stands before them', () => {
    const children = [
      '_c_9-__READ__0000000002',
      'junk',
      '_c_5-__WRIT__0000000010',
      '_c_7-__READ__0000000001',
    ];
    expect(queueOf(children, names).map(({ sequence }) => sequence)).toEqual([
      '0000000001',
      '0000000002',
      '0000000010',
    ]);
  });

  it('has a read node that took the number of a write node behind it', () => {
    const children = ['_c_a-__READ__0000000003', '_c_b-__WRIT__0000000003', '_c_c-__WRIT__0000000004'];
    const expected = ['_c_b-__WRIT__0000000003', '_c_a-__READ__0000000003', '_c_c-__WRIT__0000000004'];
    fc.assert(
      fc.property(fc.shuffledSubarray(children, { minLength: 3 }), (shuffled) => {
        expect(queueOf(shuffled, names).map(({ node }) => node)).toEqual(expected);
      }),
    );
  });
});

it.each([
  ['0000000000', true],
  ['2146483648', true],
  ['2146483649', false],
  ['2147483647', false],
  ['-2147483648', false],
  ['-000000001', false],
])('a number is usable as long as those behind it are in order: %s', (sequence, isUsable) => {
  expect(isSequenceUsable(sequence)).toBe(isUsable);
});
