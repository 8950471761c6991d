import { describe, expect, it } from 'vitest';
import { Limits } from '../../../src/base/limits.ts';
import { Refusals } from '../../../src/contract/refusal.ts';
import { Scenario } from '../scenario.ts';

const requestId = 'request-1';

describe('a grant that could not be delivered', () => {
  it('goes to the next waiter', () => {
    const s = new Scenario();
    const lost = s.lock('a', { session: 1 });
    const next = s.lock('a', { session: 2 });
    s.releaseUndelivered('a', lost);
    expect(s.isGranted(next)).toBe(true);
  });

  it('goes back also when its session has ended and keeps its locks', () => {
    const s = new Scenario({ keepOnSessionEnd: true });
    const lost = s.lock('a', { session: 1 });
    s.endSession(1);
    expect(s.counters.holders).toBe(1);
    s.releaseUndelivered('a', lost);
    expect(s.counters.holders).toBe(0);
  });

  for (const session of [1, 2]) {
    it(`stays when a repeat from session ${session} was told of it too, whichever of the two is lost`, () => {
      const s = new Scenario();
      const first = s.lock('a', { session: 1, requestId });
      const again = s.lock('a', { session, requestId });
      s.releaseUndelivered('a', first);
      s.cancel(1, first);
      s.cancel(session, again);
      expect(s.counters.holders).toBe(1);
      s.endSession(session);
      expect(s.counters.holders).toBe(0);
    });
  }

  it('goes back with its request id when nobody has repeated it, also after a wait', () => {
    const s = new Scenario();
    const holder = s.lock('a', { session: 1 });
    const lost = s.lock('a', { session: 2, requestId });
    s.unlock('a', holder);
    expect(s.isGranted(lost)).toBe(true);
    s.releaseUndelivered('a', lost);
    expect(s.counters.holders).toBe(0);
  });

  it('is unknown after its timeout', () => {
    const s = new Scenario();
    const lost = s.lock('a', { session: 1, lockTimeoutMs: 100 });
    s.pass(100);
    s.lock('a', { session: 2 });
    s.releaseUndelivered('a', lost);
    expect(s.counters.holders).toBe(1);
  });
});

describe('a grant whose call was given up while its answer crossed', () => {
  it('goes to the next waiter, and is unknown from then on', () => {
    const s = new Scenario();
    const other = s.lock('b', { session: 1 });
    const lost = s.lock('a', { session: 1, requestId });
    const next = s.lock('a', { session: 2 });
    s.cancel(1, lost);
    s.cancel(1, lost);
    expect(s.isGranted(next)).toBe(true);
    expect(s.counters).toMatchObject({ holders: 2, unlocks: 1, departures: 0 });
    expect(s.unlock('a', lost)).toBe(Refusals.invalidKey);
    expect(s.answer(s.lock('a', { session: 1, requestId }))).toBe(Refusals.requestReleased);
    expect(s.unlock('b', other)).toBeNull();
  });

  it('goes back after a wait, also when a repeat has taken the wait over', () => {
    const s = new Scenario();
    const holder = s.lock('a', { session: 1 });
    const superseded = s.lock('a', { session: 2, requestId });
    const lost = s.lock('a', { session: 3, requestId });
    s.unlock('a', holder);
    expect(s.isGranted(lost)).toBe(true);
    s.cancel(2, superseded);
    s.cancel(3, superseded);
    expect(s.counters.holders).toBe(1);
    s.cancel(3, lost);
    expect(s.counters.holders).toBe(0);
  });

  it('is not mistaken for one that a repeat brought along from another session', () => {
    const s = new Scenario();
    s.lock('mine', { session: 2, call: 5 });
    s.lock('taken over', { session: 1, call: 5, requestId });
    s.lock('taken over', { session: 2, call: 7, requestId });
    s.cancel(2, 5);
    expect(s.counters.holders).toBe(1);
    expect(s.isGranted(s.tryLock('mine'))).toBe(true);
  });

  it('stays when it is of another session, or of a waiter behind it', () => {
    const s = new Scenario();
    const holder = s.lock('a', { session: 1 });
    const waiter = s.lock('a', { session: 2 });
    s.cancel(2, holder);
    s.cancel(2, waiter);
    s.cancel(2, waiter);
    expect(s.counters).toMatchObject({ holders: 1, waiters: 0 });
  });

  it('is found among the newest claims of its session only', () => {
    const s = new Scenario();
    const [before, lost] = [s.lock('before'), s.lock('lost')];
    for (let i = 1; i < Limits.sliceCount; i++) s.lock(`newer ${i}`);
    s.cancel(1, before);
    expect(s.counters.holders).toBe(Limits.sliceCount + 1);
    s.cancel(1, lost);
    expect(s.counters.holders).toBe(Limits.sliceCount);
  });

  it('counts as expired when its timeout has passed', () => {
    const s = new Scenario();
    const lost = s.lock('a', { lockTimeoutMs: 10 });
    s.nowMs += 10;
    s.cancel(1, lost);
    expect(s.counters).toMatchObject({ holders: 0, expiries: 1, unlocks: 0 });
  });
});
