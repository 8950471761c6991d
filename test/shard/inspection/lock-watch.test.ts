import { describe, expect, it } from 'vitest';
import { Limits } from '../../../src/base/limits.ts';
import { StepKind, type StepRow } from '../../../src/shard/inspection/inspect-reply.ts';
import { LockLister } from '../../../src/shard/inspection/lock-lister.ts';
import { LockWatch } from '../../../src/shard/inspection/lock-watch.ts';
import { RowText } from '../../../src/shard/inspection/row-text.ts';
import { openState } from '../../core/open-state.ts';

const BEGAN_MS = 5_000;
const PAUSE_MS = 1_000;

/** Steps in few words: `begin`, `lock a`, `end`, `event`, `missed 3`; the numbers have to count up without a gap. */
class Reader {
  #sequence = 0;

  read(text: string): string[] {
    if (text === '') return [];
    return (JSON.parse(text) as StepRow[]).map((step) => {
      expect(step[1]).toBe(++this.#sequence);
      if (step[0] === StepKind.Lock) return `lock ${step[2][0]}`;
      if (step[0] === StepKind.Missed) return `missed ${step[2]}`;
      return ['begin', 'lock', 'end', 'event'][step[0]]!;
    });
  }
}

/** A watch of locks of these names, in rows from 1 on. */
function open(names: readonly string[] = [], prefix = '') {
  const { state, hold } = openState();
  for (const [i, name] of names.entries()) hold(name, i + 1);
  const lister = new LockLister(state, new RowText(state));
  const watch = new LockWatch(1, prefix, BEGAN_MS);
  const reader = new Reader();
  const take = (nowMs = BEGAN_MS): string[] => reader.read(watch.take(nowMs));
  const slice = (nowMs = BEGAN_MS): string[] => reader.read(watch.slice(lister, nowMs));
  /** An event whose text is this long. */
  const event = (characters = 20): void => watch.event(`,"${'x'.repeat(characters)}"]`);
  return { watch, take, slice, event };
}

/** One that has told its snapshot, and is told of everything since. */
function openCurrent() {
  const opened = open();
  expect([opened.take(), opened.slice()]).toEqual([['begin'], ['end']]);
  return opened;
}

describe('the snapshot of a watch', () => {
  it('is told in slices, from its beginning to its end', () => {
    const names = Array.from({ length: Limits.inspectedRowsMax + 1 }, (_, i) => `${i}`);
    const { watch, take, slice } = open(names);
    expect([take(), watch.nextWakeMs(), watch.wantsSlice()]).toEqual([['begin'], 0, true]);
    const told: string[] = [];
    while (watch.wantsSlice()) {
      told.push(...slice());
      watch.giveCredit(Limits.watchCreditCharacters);
    }
    expect(told).toEqual([...names.map((name) => `lock ${name}`), 'end']);
    expect(watch.nextWakeMs()).toBe(Number.POSITIVE_INFINITY);
  });

  it('has the locks of the prefix alone', () => {
    const { take, slice } = open(['a1', 'b1', 'a2'], 'a');
    take();
    expect(slice()).toEqual(['lock a1', 'lock a2', 'end']);
  });

  it('makes events needless of locks that it has not come by, and of no others', () => {
    const names = Array.from({ length: Limits.inspectedRowsMax }, (_, i) => `${i}`);
    const { watch, take, slice } = open(names);
    take();
    expect(watch.takes('1', 1, BEGAN_MS)).toBe(false);
    slice();
    const next = [...names.keys()].find((row) => row > 0 && !watch.takes('x', row, BEGAN_MS))!;
    expect(next).toBeGreaterThan(1);
    expect([watch.takes('x', next - 1, BEGAN_MS), watch.takes('x', next, BEGAN_MS)]).toEqual([true, false]);
    // They are not missed: the snapshot goes on.
    expect(watch.wantsSlice()).toBe(true);
  });
});

describe('the events of a watch', () => {
  it('are those of names that begin with the prefix', () => {
    const { watch, take, slice } = open([], 'ab');
    take();
    slice();
    expect(['ab', 'abc', 'a', 'xab'].map((name) => watch.takes(name, 1, BEGAN_MS))).toEqual([
      ...[true, true, false, false],
    ]);
    // Who is told nothing of a lock misses nothing of it.
    expect(watch.nextWakeMs()).toBe(Number.POSITIVE_INFINITY);
  });

  it(`are ${Limits.watchEventsPerSecond} at once, and as many a second; the rest is counted`, () => {
    const { watch, take, slice } = openCurrent();
    let taken = 0;
    for (let i = 0; i < Limits.watchEventsPerSecond + 3; i++) if (watch.takes('a', 1, BEGAN_MS)) taken++;
    expect(taken).toBe(Limits.watchEventsPerSecond);
    expect(take(BEGAN_MS + PAUSE_MS)).toEqual(['missed 3', 'begin']);
    slice(BEGAN_MS + PAUSE_MS);
    expect(watch.takes('a', 1, BEGAN_MS + PAUSE_MS)).toBe(true);
  });

  it(`are gathered until they have more than ${Limits.watchGatheredCharactersMax} characters`, () => {
    const { watch, event } = openCurrent();
    // The sequence number of the first event behind a snapshot has one digit.
    event(Limits.watchGatheredCharactersMax - '[3,3,""]'.length);
    expect(watch.takes('a', 1, BEGAN_MS)).toBe(true);
    watch.event(']');
    expect(watch.takes('a', 1, BEGAN_MS)).toBe(false);
  });

  it('that were gathered go before the word of those that were missed, and a new snapshot behind it', () => {
    const { watch, take, slice, event } = openCurrent();
    while (watch.takes('a', 1, BEGAN_MS)) event(50_000);
    expect(watch.takes('a', 1, BEGAN_MS)).toBe(false);
    expect(take()).toEqual(['event', 'event', 'event']);
    watch.giveCredit(1e6);
    // Everything is counted until the snapshot begins anew.
    expect([watch.takes('a', 1, BEGAN_MS), watch.nextWakeMs()]).toEqual([false, BEGAN_MS + PAUSE_MS]);
    expect([take(BEGAN_MS + PAUSE_MS - 1), watch.wantsSlice()]).toEqual([[], false]);
    expect(take(BEGAN_MS + PAUSE_MS)).toEqual(['missed 3', 'begin']);
    expect(slice(BEGAN_MS + PAUSE_MS)).toEqual(['end']);
  });

  it('that turned out not to be true are missed instead', () => {
    const { watch, take, event } = openCurrent();
    for (let i = 0; i < 2; i++) event();
    watch.lose();
    expect(take(BEGAN_MS + PAUSE_MS)).toEqual(['missed 2', 'begin']);
  });

  it('are missed also where there were none: what was shown may have changed', () => {
    const { watch, take } = openCurrent();
    watch.lose();
    expect(take(BEGAN_MS + PAUSE_MS)).toEqual(['missed 1', 'begin']);
  });
});

describe('a new snapshot', () => {
  it('waits for four times what the last one took, and a second at least', () => {
    for (const [tookMs, pauseMs] of [
      [250, 1_000],
      [251, 1_004],
    ] as const) {
      const { watch, take, slice } = open();
      take();
      slice(BEGAN_MS + tookMs);
      watch.lose();
      expect(watch.nextWakeMs()).toBe(BEGAN_MS + tookMs + pauseMs);
    }
  });

  it('begins at once where the first one is broken off, and the next one later', () => {
    const { watch, take } = open(['a']);
    take();
    watch.lose();
    expect(take(BEGAN_MS + 10)).toEqual(['missed 1', 'begin']);
    watch.lose();
    expect(watch.nextWakeMs()).toBe(BEGAN_MS + 10 + PAUSE_MS);
  });
});

describe('the credit of a watch', () => {
  it('lets what was gathered go as long as there is any, and then nothing until it is given back', () => {
    const { watch, take, event } = openCurrent();
    const spent = Limits.watchCreditCharacters;
    event(spent);
    expect(take()).toEqual(['event']);
    event();
    expect([take(), watch.nextWakeMs()]).toEqual([[], Number.POSITIVE_INFINITY]);
    // What was sent beyond it has to be given back first.
    watch.giveCredit(20);
    expect(take()).toEqual([]);
    watch.giveCredit(spent);
    expect(watch.nextWakeMs()).toBe(0);
    expect(take()).toEqual(['event']);
  });

  it('is as long as what was sent, to the character', () => {
    const watch = new LockWatch(1, '', BEGAN_MS);
    const sent = watch.take(BEGAN_MS).length;
    watch.event(`,"${'x'.repeat(Limits.watchCreditCharacters)}"]`);
    const over = sent + watch.take(BEGAN_MS).length - Limits.watchCreditCharacters;
    watch.event(']');
    watch.giveCredit(over);
    expect(watch.take(BEGAN_MS)).toBe('');
    watch.giveCredit(1);
    expect(watch.take(BEGAN_MS)).not.toBe('');
  });

  it('holds up a snapshot too', () => {
    const { watch, take, event } = open(['a']);
    event(Limits.watchCreditCharacters);
    take();
    expect([watch.wantsSlice(), watch.nextWakeMs()]).toEqual([false, Number.POSITIVE_INFINITY]);
    watch.giveCredit(2 * Limits.watchCreditCharacters);
    expect([watch.wantsSlice(), watch.nextWakeMs()]).toEqual([true, 0]);
  });
});
