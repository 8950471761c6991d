import { describe, expect, it } from 'vitest';
import { Refusals } from '../../../src/contract/refusal.ts';
import { ClaimView } from '../../../src/core/claim-view.ts';
import { LockCore } from '../../../src/core/lock-core.ts';
import { Scenario } from '../scenario.ts';

describe('the end of a session', () => {
  it('frees what it held, for the next in line (case 50)', () => {
    const s = new Scenario();
    s.lock('a', { session: 1 });
    const waiter = s.lock('a', { session: 2 });
    s.endSession(1);
    expect(s.isGranted(waiter)).toBe(true);
    s.pass(0);
    expect(s.counters).toMatchObject({ sessions: 1, sessionReleases: 1 });
  });

  it('gives up what it waited for, without an answer (case 47)', () => {
    const s = new Scenario();
    const holder = s.lock('a', { session: 1 });
    const gone = s.lock('a', { session: 2 });
    const next = s.lock('a', { session: 3 });
    s.endSession(2);
    s.unlock('a', holder);
    expect(s.outcomesOf(gone)).toEqual([]);
    expect(s.isGranted(next)).toBe(true);
  });

  it('does not grant it its own next call', () => {
    const s = new Scenario();
    s.lock('a', { session: 1 });
    const own = s.lock('a', { session: 1 });
    const other = s.lock('a', { session: 2 });
    s.endSession(1);
    expect(s.outcomesOf(own)).toEqual([]);
    expect(s.isGranted(other)).toBe(true);
  });

  it('leaves the locks of other sessions alone (case 52)', () => {
    const s = new Scenario();
    s.lock('a', { session: 1 });
    const other = s.lock('b', { session: 2 });
    s.endSession(1);
    s.endSession(1);
    expect(s.unlock('b', other)).toBe(null);
  });

  it('is final: a call that comes after it holds nothing (case 59)', () => {
    const s = new Scenario();
    s.endSession(1);
    s.lock('a', { session: 1 });
    s.tryLock('a', { session: 1 });
    s.pass(0);
    expect(s.counters).toMatchObject({ holders: 0, waiters: 0, sessions: 0 });
  });

  it('goes on in slices, and what is released in the end is what was held', () => {
    const s = new Scenario({ sliceCount: 10 });
    const calls = Array.from({ length: 25 }, (_, i) => s.lock(`lock ${i}`));
    s.endSession(1);
    expect(s.counters).toMatchObject({ holders: 15, sessions: 1 });
    expect(s.core.nextWakeMs()).toBeLessThanOrEqual(s.nowMs);
    // No slice has come by the oldest claims, which are last, but their keys are worth nothing any more.
    expect(s.unlock('lock 0', calls[0]!)).toBe(Refusals.invalidKey);
    expect(s.renew('lock 1', calls[1]!, 1000)).toBe(Refusals.invalidKeyOnRenew);
    expect(s.counters).toMatchObject({ holders: 13, sessionReleases: 12, unlocks: 0 });
    s.core.advance(s.nowMs);
    expect(s.counters).toMatchObject({ holders: 3, sessions: 1 });
    s.core.advance(s.nowMs);
    expect(s.counters).toMatchObject({ holders: 0, sessions: 0, sessionReleases: 25 });
    expect(s.core.nextWakeMs()).toBeGreaterThan(s.nowMs);
  });

  it('skips waiters of the ending session that no slice has come by', () => {
    const s = new Scenario({ sliceCount: 2 });
    const holder = s.lock('a', { session: 2 });
    const own = s.lock('a', { session: 1 });
    const other = s.lock('a', { session: 3 });
    for (const name of ['b', 'c']) s.lock(name, { session: 1 });
    s.endSession(1);
    s.unlock('a', holder);
    expect(s.outcomesOf(own)).toEqual([]);
    expect(s.isGranted(other)).toBe(true);
    s.pass(0);
  });
});

describe('the end of a session whose locks are kept', () => {
  it('keeps its locks, for their keys (cases 54, 56, 57)', () => {
    const s = new Scenario({ keepOnSessionEnd: true });
    const call = s.lock('a', { session: 1 });
    s.endSession(1);
    expect(s.answer(s.tryLock('a', { session: 2 }))).toBe(null);
    expect(s.counters).toMatchObject({ holders: 1, sessions: 0, sessionReleases: 0 });
    const state = LockCore.stateOf(s.core);
    const kept = new ClaimView(state).at(state.locks.firstHolder(state.locks.find('a')));
    expect([kept.session, kept.formerSession, kept.anySession]).toEqual([0, 1, 1]);
    expect(s.unlock('a', call)).toBe(null);
  });

  it('lets them run to their own timeout (case 55)', () => {
    const s = new Scenario({ keepOnSessionEnd: true });
    s.lock('a', { session: 1, lockTimeoutMs: 1000 });
    const waiter = s.lock('a', { session: 2 });
    s.endSession(1);
    s.pass(999);
    expect(s.answer(waiter)).toBe('waits');
    s.pass(1);
    expect(s.isGranted(waiter)).toBe(true);
  });

  it('gives up what it waited for', () => {
    const s = new Scenario({ keepOnSessionEnd: true });
    const holder = s.lock('a', { session: 2 });
    const gone = s.lock('a', { session: 1 });
    s.endSession(1);
    s.unlock('a', holder);
    expect(s.outcomesOf(gone)).toEqual([]);
    expect(s.counters.holders).toBe(0);
  });
});
