import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { LockCommand } from '../../../src/core/command.ts';
import { Claim } from '../../../src/engine/zookeeper/claim.ts';
import { ClaimTimers } from '../../../src/engine/zookeeper/claim-timers.ts';
import { LockPaths } from '../../../src/engine/zookeeper/lock-place.ts';
import { VirtualTime } from '../../zookeeper/model/virtual-time.ts';

const NEVER = Number.POSITIVE_INFINITY;
const place = new LockPaths().placeOf('a');
let time = new VirtualTime();
let due: [claim: Claim, nowMs: number][] = [];
let whenDue: (claim: Claim) => void = () => {};
let timers = openTimers();

/** Timers of Node.js may come a little early. */
function openTimers(earlyMs = 0): ClaimTimers {
  const after = (waitMs: number, call: () => void) => time.after(Math.max(0.1, waitMs - earlyMs), call);
  return new ClaimTimers({ nowMs: () => time.nowMs }, { after }, (claim) => {
    due.push([claim, time.nowMs]);
    whenDue(claim);
  });
}

beforeEach(() => {
  time = new VirtualTime();
  due = [];
  whenDue = () => {};
  timers = openTimers();
});

function claimWith(deadlineMs: number): Claim {
  return Object.assign(new Claim(new LockCommand(), place, 0), { deadlineMs });
}

function set(claim: Claim, deadlineMs = claim.deadlineMs): Claim {
  claim.deadlineMs = deadlineMs;
  timers.set(claim);
  return claim;
}

describe('the timers of claims', () => {
  it('tell each claim once, at its time, in order', async () => {
    const claims = [30, 10, 20, NEVER].map((deadlineMs) => set(claimWith(deadlineMs)));
    await time.runUntil(100);
    expect(due).toEqual([
      [claims[1], 10],
      [claims[2], 20],
      [claims[0], 30],
    ]);
  });

  it('heed the deadline that was set last, earlier, later or never', async () => {
    const [earlier, later, never] = [claimWith(50), claimWith(10), claimWith(20)].map((claim) => set(claim));
    set(earlier!, 5);
    set(later!, 60);
    set(never!, NEVER);
    await time.runUntil(100);
    expect(due.map(([claim]) => claim)).toEqual([earlier, later]);
    expect(due.map(([, nowMs]) => nowMs)).toEqual([5, 60]);
  });

  it('tell nothing of a claim that was removed', async () => {
    const [gone, kept] = [set(claimWith(10)), set(claimWith(20))];
    timers.remove(gone);
    timers.remove(gone);
    await time.runUntil(100);
    expect(due).toEqual([[kept, 20]]);
  });

  it('tell what is over already, though never while it is set', async () => {
    await time.runUntil(10);
    const claim = set(claimWith(3));
    expect(due).toEqual([]);
    await time.runUntil(11);
    expect(due.map(([one]) => one)).toEqual([claim]);
  });

  it('are set anew by what is due', async () => {
    const claim = set(claimWith(10));
    whenDue = () => {
      if (due.length < 3) set(claim, time.nowMs + 10);
    };
    await time.runUntil(100);
    expect(due.map(([, nowMs]) => nowMs)).toEqual([10, 20, 30]);
  });

  it('are never early, when the timer below them is', async () => {
    timers = openTimers(1);
    set(claimWith(10));
    await time.runUntil(9.99);
    expect(due).toEqual([]);
    await time.runUntil(10.2);
    expect(due).toHaveLength(1);
  });

  it('tell nothing when they are closed, also of what is set behind that', async () => {
    set(claimWith(10));
    timers.close();
    set(claimWith(20));
    await time.runUntil(100);
    expect(due).toEqual([]);
  });

  it('do so with any deadlines that are moved at any time', async () => {
    const steps = fc.array(fc.tuple(fc.nat({ max: 5 }), fc.nat({ max: 40 }), fc.nat({ max: 30 })));
    await fc.assert(
      fc.asyncProperty(steps, async (moves) => {
        time = new VirtualTime();
        due = [];
        timers = openTimers();
        const claims = Array.from({ length: 6 }, () => claimWith(NEVER));
        const expected = new Map<Claim, number>();
        const told: [Claim, number][] = [];
        const pass = async (ms: number) => {
          const endMs = time.nowMs + ms;
          await time.runUntil(endMs);
          for (const [claim, atMs] of expected) {
            if (atMs > endMs) continue;
            told.push([claim, atMs]);
            expected.delete(claim);
          }
        };
        for (const [index, waitMs, passMs] of moves) {
          const claim = claims[index]!;
          if (waitMs === 0) {
            timers.remove(claim);
            expected.delete(claim);
          } else expected.set(set(claim, time.nowMs + waitMs), time.nowMs + waitMs);
          await pass(passMs);
        }
        await pass(100);
        const inOrder = (list: [Claim, number][]) =>
          list.map(([claim, atMs]) => `${atMs} ${claims.indexOf(claim)}`).sort();
        expect(inOrder(due)).toEqual(inOrder(told));
      }),
    );
  });
});
