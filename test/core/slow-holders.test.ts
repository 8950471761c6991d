import { describe, expect, it } from 'vitest';
import type { ClaimView } from '../../src/core/claim-view.ts';
import { LockCommand } from '../../src/core/command.ts';
import { LockCore } from '../../src/core/lock-core.ts';
import { LockRestorer } from '../../src/core/lock-restorer.ts';
import { FencingToken } from '../../src/core/sink.ts';
import { slowHolderDelayMs } from '../../src/core/slow-holders.ts';
import { Scenario } from './scenario.ts';

/** A scenario that warns after ten seconds, and what it was warned of: the name, for how long, and by whom. */
function watching(heldLongMs = 10_000, sliceCount = 1024) {
  const told: [string, number, number][] = [];
  let walks = 0;
  const observer = {
    heldLong: (claim: ClaimView, heldMs: number) => told.push([claim.name, heldMs, claim.session]),
    walked: () => walks++,
  };
  const s = new Scenario({ heldLongMs, sliceCount }, null, observer);
  return { s, take: () => told.splice(0), walks: () => walks };
}

describe('SlowHolders', () => {
  it('tells of a lock once when it is held for as long as the limit, and wakes the core for that', () => {
    const { s, take } = watching();
    s.lock('a', { session: 7 });
    s.pass(9_999);
    expect(take()).toEqual([]);
    expect(s.core.nextWakeMs()).toBe(10_000);
    s.pass(1);
    expect(take()).toEqual([['a', 10_000, 7]]);
    s.pass(100_000);
    expect(take()).toEqual([]);
  });

  it('is late by an eighth of the limit at most, but for a second to a minute', () => {
    expect([100, 8_000, 80_000, 3_600_000].map(slowHolderDelayMs)).toEqual([1_000, 1_000, 10_000, 60_000]);
    const { s, take, walks } = watching(80_000);
    for (let i = 0; i < 30; i++) {
      s.lock(`lock ${i}`);
      s.pass(1_000);
    }
    const late: number[] = [];
    for (let second = 0; second < 200; second++) {
      s.pass(1_000);
      for (const [, heldMs] of take()) late.push(heldMs - 80_000);
    }
    expect(late).toHaveLength(30);
    expect(Math.max(...late)).toBeLessThanOrEqual(10_000);
    // At the first grant, at 80, 90, 100 and 110 s, and once more a limit later.
    expect(walks()).toBe(6);
  });

  it('walks seldom where locks are held for a short time, and not at all where none are', () => {
    const { s, take, walks } = watching(60_000);
    for (let i = 0; i < 600; i++) {
      const call = s.lock('a');
      s.pass(1_000);
      s.unlock('a', call);
    }
    expect(take()).toEqual([]);
    expect(walks()).toBeLessThanOrEqual(11);
    const before = walks();
    expect(s.core.nextWakeMs()).toBeGreaterThan(s.nowMs + 500_000);
    s.pass(500_000);
    expect(walks()).toBe(before);
  });

  it('counts on through renewals and repeats: the grant is the same', () => {
    const { s, take } = watching();
    const call = s.lock('a', { lockTimeoutMs: 6_000, requestId: 'request 1' });
    for (const moment of [5_000, 9_000]) {
      s.pass(moment - s.nowMs);
      s.renew('a', call, 6_000);
    }
    s.lock('a', { lockTimeoutMs: 6_000, requestId: 'request 1', session: 2 });
    s.pass(1_000);
    expect(take()).toEqual([['a', 10_000, 2]]);
    s.renew('a', call, 30_000);
    s.lock('a', { lockTimeoutMs: 30_000, requestId: 'request 1', session: 3 });
    s.pass(29_000);
    expect(take()).toEqual([]);
  });

  it('tells of the next holder of the same lock anew, and counts from its grant, not from its waiting', () => {
    const { s, take } = watching();
    const first = s.lock('a');
    s.lock('a', { session: 2 });
    s.pass(10_000);
    expect(take()).toEqual([['a', 10_000, 1]]);
    s.unlock('a', first);
    s.pass(9_999);
    expect(take()).toEqual([]);
    s.pass(1);
    expect(take()).toEqual([['a', 10_000, 2]]);
  });

  it('tells of a new claim in a row whose last one was told of', () => {
    const { s, take } = watching();
    const first = s.lock('a');
    s.pass(10_000);
    s.unlock('a', first);
    s.lock('b');
    take();
    s.pass(10_000);
    expect(take()).toEqual([['b', 10_000, 1]]);
  });

  it('looks at no more claims in a turn than a slice, and finds all of them, also those granted meanwhile', () => {
    const { s, take, walks } = watching(10_000, 10);
    for (let i = 0; i < 25; i++) s.lock(`lock ${i}`);
    s.pass(5_000);
    const before = walks();
    const slices: number[] = [];
    for (let turn = 0; turn < 3; turn++) {
      s.core.advance(10_000);
      slices.push(take().length);
      if (turn === 0) s.nowMs = 10_000;
      if (turn === 0) s.lock('late');
      expect(s.core.nextWakeMs() === 0).toBe(turn < 2);
    }
    expect(slices).toEqual([10, 10, 5]);
    expect(walks()).toBe(before + 1);
    s.pass(10_000);
    expect(take()).toEqual([['late', 10_000, 1]]);
  });

  it('does nothing, and asks for no turn, when it is off or nobody listens', () => {
    const { s, take, walks } = watching(0);
    s.lock('a');
    const deaf = new Scenario({ heldLongMs: 10 });
    deaf.lock('a');
    expect(s.core.nextWakeMs()).toBe(1_800_000);
    expect(deaf.core.nextWakeMs()).toBe(1_800_000);
    s.pass(1_000_000);
    expect([take(), walks()]).toEqual([[], 0]);
  });

  it('counts a grant that a restart has brought back from the moment at which it was granted', () => {
    const told: number[] = [];
    const options = { keepOnSessionEnd: false, gcIntervalMs: 1e9, gcMinIdleMs: 1e9, tokenSeed: 1 };
    const core = new LockCore(
      { ...options, startMs: 50_000, heldLongMs: 10_000 },
      { granted: () => {}, notLocked: () => {}, ended: () => {} },
      null,
      { heldLong: (_claim, heldMs) => told.push(heldMs), walked: () => {} },
    );
    const restorer = new LockRestorer(core);
    const command = Object.assign(new LockCommand(), { name: 'a', lockTimeoutMs: 600_000 });
    restorer.grant(command, new FencingToken(), 3, 45_000, 645_000);
    restorer.begin(50_000, 0, () => {});
    core.advance(50_000);
    expect([told, core.nextWakeMs()]).toEqual([[], 55_000]);
    core.advance(55_000);
    expect(told).toEqual([10_000]);
  });
});
