import { describe, expect, it } from 'vitest';
import { LockCore } from '../../../src/core/lock-core.ts';
import { StepKind, type StepRow } from '../../../src/shard/inspection/inspect-reply.ts';
import { LockLister } from '../../../src/shard/inspection/lock-lister.ts';
import { LockWatches } from '../../../src/shard/inspection/lock-watches.ts';
import { RowText } from '../../../src/shard/inspection/row-text.ts';
import type { ShardReplies } from '../../../src/shard/reply-target.ts';
import { Scenario } from '../../core/scenario.ts';

/** What is sent, in order; there is room for so many more records. */
class RecordedSteps implements ShardReplies {
  readonly bytes = Buffer.alloc(100_000);
  readonly stalls = 0;
  room = Number.POSITIVE_INFINITY;
  publishes = 0;
  readonly #told: string[] = [];

  get isCrowded(): boolean {
    return this.room <= 0;
  }

  reserve(): number {
    return 0;
  }

  commit(...[{ call }, , , , , bytes]: Parameters<ShardReplies['commit']>): void {
    this.room--;
    // A flag, and a text that fits one record.
    const steps = JSON.parse(this.bytes.toString('utf8', 1, bytes)) as StepRow[];
    this.#told.push(...steps.map((step) => `${call} ${describeStep(step)}`));
  }

  publish(): void {
    this.publishes++;
  }

  signal(): void {}
  debug(): void {}
  notice(): void {}

  /** The steps since the last call, each with the watch that it is for; locks of a snapshot are left out. */
  take(): string[] {
    return this.#told.splice(0).filter((step) => !step.endsWith(' lock'));
  }
}

function describeStep(step: StepRow): string {
  if (step[0] === StepKind.Event) return `event ${step[4]}`;
  if (step[0] === StepKind.Missed) return `missed ${step[2]}`;
  return ['begin', 'lock', 'end'][step[0]]!;
}

/** The watches of a core that has so many locks. */
function openWatches(locks = 0) {
  const s = new Scenario({ startMs: 1_000_000 });
  for (let i = 0; i < locks; i++) s.lock(`lock ${i}`);
  const state = LockCore.stateOf(s.core);
  const target = new RecordedSteps();
  const watches = new LockWatches(state, new LockLister(state, new RowText(state)), target);
  watches.begin(s.nowMs);
  /** Time passes, and a turn begins and ends. */
  const turn = (ms = 0): string[] => {
    s.nowMs += ms;
    watches.begin(s.nowMs);
    watches.flush();
    return target.take();
  };
  return { s, target, watches, turn };
}

/** More than two slices of a snapshot tell. */
const MANY = 100;

describe('LockWatches', () => {
  it('sends nothing while replies may need the room, and looks again soon', () => {
    const { s, target, watches, turn } = openWatches();
    watches.add(1, '');
    target.room = 0;
    expect(turn()).toEqual([]);
    expect(target.publishes).toBe(0);
    expect(watches.nextWakeMs()).toBe(s.nowMs + 5);
    target.room = 1;
    expect(turn(5)).toEqual(['1 begin']);
    expect(target.publishes).toBe(1);
    target.room = Number.POSITIVE_INFINITY;
    expect(turn(5)).toEqual(['1 end']);
    expect(watches.nextWakeMs()).toBe(Number.POSITIVE_INFINITY);
  });

  it('begins each flush with another watch where there is room for one alone', () => {
    const { s, target, watches, turn } = openWatches();
    for (const id of [1, 2, 3]) watches.add(id, '');
    while (watches.nextWakeMs() === 0) turn();
    const served: string[] = [];
    for (let round = 0; round < 6; round++) {
      s.lock(`lock ${round}`);
      target.room = 1;
      served.push(turn()[0]!.charAt(0));
    }
    expect(served.slice(0, 3).sort()).toEqual(['1', '2', '3']);
    expect(served.slice(3)).toEqual(served.slice(0, 3));
  });

  it('tells no event of a lock that the snapshot will come by', () => {
    const { s, watches, turn } = openWatches(MANY);
    watches.add(1, '');
    expect(turn()).toEqual(['1 begin']);
    s.lock('lock 0');
    s.lock('behind all');
    expect(turn()).toEqual(['1 event lock 0']);
  });

  it('counts what was undone, and begins anew', () => {
    const { s, watches, turn } = openWatches();
    watches.add(1, '');
    turn();
    for (const name of ['a', 'b']) s.lock(name);
    watches.lose();
    expect(turn(10_000)).toEqual(['1 missed 2', '1 begin', '1 end']);
  });

  it('begins anew also when nothing but its beginning was undone', () => {
    const { watches, turn } = openWatches();
    watches.add(1, '');
    watches.lose();
    expect(turn()).toEqual(['1 missed 1', '1 begin', '1 end']);
  });

  it('begins a snapshot that was broken off again no sooner than a second later, and wants a turn then', () => {
    const { s, watches, turn } = openWatches(MANY);
    watches.add(1, '');
    expect(turn()).toEqual(['1 begin']);
    watches.lose();
    expect(turn()).toEqual(['1 missed 1', '1 begin']);
    const dueMs = s.nowMs + 1_000;
    watches.lose();
    expect(turn(999)).toEqual([]);
    expect(watches.nextWakeMs()).toBe(dueMs);
    expect(turn(1)).toEqual(['1 missed 1', '1 begin']);
  });

  it('begins the next snapshot no sooner than four times what the last one took', () => {
    const { s, watches, turn } = openWatches(MANY);
    watches.add(1, '');
    const beganMs = s.nowMs;
    while (!turn(500).includes('1 end'));
    const tookMs = s.nowMs - beganMs;
    expect(tookMs).toBeGreaterThan(1_000);
    watches.lose();
    expect(watches.nextWakeMs()).toBe(s.nowMs + 4 * tookMs);
    expect(turn(4 * tookMs - 1)).toEqual([]);
    expect(turn(1)).toEqual(['1 missed 1', '1 begin']);
  });
});
