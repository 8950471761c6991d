import { describe, expect, it } from 'vitest';
import { Refusals } from '../../../src/contract/refusal.ts';
import { ClaimView } from '../../../src/core/claim-view.ts';
import { LockCore } from '../../../src/core/lock-core.ts';
import { CallEnd } from '../../../src/core/sink.ts';
import { Scenario } from '../scenario.ts';

const stopping = [{ kind: 'ended', end: CallEnd.Stopping }];

describe('stopping', () => {
  it('ends waiters and later calls, while Unlock and Renew go on', () => {
    const s = new Scenario();
    const holder = s.lock('a', { lockTimeoutMs: 1000 });
    const waiter = s.lock('a');
    s.stop();
    s.stop();
    expect(s.outcomesOf(waiter)).toMatchObject(stopping);
    expect(s.outcomesOf(s.lock('b'))).toMatchObject(stopping);
    expect(s.outcomesOf(s.tryLock(''))).toMatchObject(stopping);
    expect(s.renew('a', holder, 5000)).toBe(null);
    s.pass(4999);
    expect(s.unlock('a', holder)).toBe(null);
    expect(s.counters).toMatchObject({ grants: 1, waiters: 0, holders: 0 });
  });

  it('goes on in slices and grants nobody meanwhile', () => {
    const s = new Scenario({ sliceCount: 2 });
    const holder = s.lock('a');
    const waiters = Array.from({ length: 5 }, () => s.lock('a'));
    s.stop();
    s.unlock('a', holder);
    expect(s.counters.waiters).toBeGreaterThan(0);
    expect(s.core.nextWakeMs()).toBeLessThanOrEqual(s.nowMs);
    s.pass(0);
    for (const call of waiters) expect(s.outcomesOf(call)).toMatchObject(stopping);
    expect(s.grants).toEqual([holder]);
  });

  it('tells nothing to the waiters of sessions that have ended', () => {
    const s = new Scenario({ sliceCount: 1 });
    s.lock('a', { session: 2 });
    const waiters = [1, 2, 3].map(() => s.lock('a', { session: 1 }));
    s.endSession(1);
    s.stop();
    s.pass(0);
    for (const call of waiters) expect(s.outcomesOf(call)).toEqual([]);
    expect(s.counters).toMatchObject({ waiters: 0, sessions: 1, departures: 3 });
  });
});

describe('stopping with locks that are kept', () => {
  it('releases nothing of sessions that end after it, and gives up what they wait for', () => {
    const s = new Scenario({ keepOnStop: true });
    const kept = s.lock('a', { session: 1 });
    s.lock('a', { session: 1 });
    s.lock('b', { session: 2, lockTimeoutMs: 10 });
    s.stop();
    s.endSession(1);
    s.endSession(2);
    expect(s.counters).toMatchObject({ holders: 2, waiters: 0, sessions: 0, sessionReleases: 0 });
    const state = LockCore.stateOf(s.core);
    const view = new ClaimView(state).at(state.locks.firstHolder(state.locks.find('a')));
    expect([view.session, view.formerSession]).toEqual([0, 1]);
    s.pass(10);
    expect(s.counters).toMatchObject({ holders: 1, expiries: 1 });
    expect(s.unlock('a', kept)).toBe(null);
  });

  it('releases what sessions held that ended before it, also when that work is not done yet', () => {
    const s = new Scenario({ keepOnStop: true, sliceCount: 1 });
    const [one, two] = [s.lock('a', { session: 1 }), s.lock('b', { session: 1 })];
    s.lock('c', { session: 2 });
    s.endSession(1);
    s.stop();
    expect([s.unlock('a', one), s.unlock('b', two)]).toEqual([Refusals.invalidKey, Refusals.invalidKey]);
    s.endSession(2);
    s.pass(0);
    expect(s.counters).toMatchObject({ holders: 1, sessions: 0, sessionReleases: 2 });
  });

  it('keeps nothing before it, nor without being asked to', () => {
    const s = new Scenario({ keepOnStop: true });
    s.lock('a', { session: 1 });
    s.endSession(1);
    expect(s.counters.holders).toBe(0);
    const plain = new Scenario();
    plain.lock('a', { session: 1 });
    plain.stop();
    plain.endSession(1);
    expect(plain.counters.holders).toBe(0);
  });
});
