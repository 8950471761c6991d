import { describe, expect, it } from 'vitest';
import { Limits } from '../../../src/base/limits.ts';
import { LockCore } from '../../../src/core/lock-core.ts';
import type { LockRow } from '../../../src/shard/inspection/inspect-reply.ts';
import { LockLister } from '../../../src/shard/inspection/lock-lister.ts';
import { RowText } from '../../../src/shard/inspection/row-text.ts';
import { Scenario } from '../../core/scenario.ts';

/** A lister of locks of these names, in rows from 1 on, that tells the names of each slice. */
function openLister(names: readonly string[]) {
  const s = new Scenario();
  for (const name of names) s.lock(name);
  const state = LockCore.stateOf(s.core);
  const lister = new LockLister(state, new RowText(state));
  const slice = (row: number, countMax: number = Limits.inspectedRowsMax, prefix = '') =>
    lister.slice(row, countMax, prefix, false).map((text) => (JSON.parse(text) as LockRow)[0]);
  return { lister, slice };
}

describe('LockLister', () => {
  it('tells no more locks than were asked for, and where to go on', () => {
    const { lister, slice } = openLister(['a', 'b', 'c', 'd', 'e']);
    expect(slice(0, 2)).toEqual(['a', 'b']);
    expect(lister.nextRow).toBe(3);
    expect(slice(3, 2)).toEqual(['c', 'd']);
    expect(slice(lister.nextRow, 2)).toEqual(['e']);
    expect(lister.nextRow).toBe(0);
  });

  it('takes a prefix for how names begin', () => {
    const { slice } = openLister(['job', 'a job', 'jo', 'job/1', 'Job']);
    expect(slice(0, 10, 'job')).toEqual(['job', 'job/1']);
  });

  it('ends a slice once its text is long, but tells one lock at least', () => {
    const names = ['a', 'b', 'c', 'd'].map((letter) => letter.repeat(3_000));
    const { lister, slice } = openLister([...names, 'e'.repeat(60_000), 'f']);
    expect(slice(0)).toEqual(names.slice(0, 2));
    expect(slice(lister.nextRow)).toEqual(names.slice(2));
    expect(slice(lister.nextRow)).toEqual(['e'.repeat(60_000)]);
    expect(slice(lister.nextRow)).toEqual(['f']);
  });
});
