import { describe, expect, it } from 'vitest';
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
