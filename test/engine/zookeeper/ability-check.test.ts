import { describe, expect, it } from 'vitest';
import { LockMode } from '../../../src/contract/lock-mode.ts';
import { Refusals } from '../../../src/contract/refusal.ts';
import { LockCommand } from '../../../src/core/command.ts';
import { checkAbilities, checkPlace } from '../../../src/engine/zookeeper/ability-check.ts';
import { LockPaths } from '../../../src/engine/zookeeper/lock-place.ts';

const paths = new LockPaths([
  { name: 'm', path: '/m', layout: 'mutex' },
  { name: 'r', path: '/r', layout: 'rw' },
  { name: 's', path: '/s', layout: 'semaphore' },
]);
const commandOf = (fields: Partial<LockCommand>): LockCommand => Object.assign(new LockCommand(), fields);

describe('what the engine is able to do', () => {
  it('is one permit for each holder', () => {
    expect(checkAbilities(commandOf({ size: 5, permits: 1 }))).toBeNull();
    expect(checkAbilities(commandOf({ size: 5, permits: 2 }))).toBe(Refusals.permitsUnsupported);
  });
});

describe('what a place is able to do', () => {
  const { Exclusive, Shared } = LockMode;

  it.each<[name: string, size: number, mode: LockMode, refusal: keyof typeof Refusals | null]>([
    ['a', 1, Shared, null],
    ['a', 7, Exclusive, null],
    ['m', 1, Exclusive, null],
    ['m', 1, Shared, 'sharedUnsupported'],
    ['m', 2, Exclusive, 'mappedSize'],
    ['r', 1, Shared, null],
    ['r', 2, Exclusive, 'mappedSize'],
    ['s', 7, Exclusive, null],
    ['s', 1, Shared, 'sharedUnsupported'],
  ])('%s of size %i in mode %i', (name, size, mode, refusal) => {
    const expected = refusal === null ? null : Refusals[refusal];
    expect(checkPlace(paths.placeOf(name), commandOf({ size, mode }))).toBe(expected);
  });
});
