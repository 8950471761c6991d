import { describe, expect, it } from 'vitest';
import { LockMode } from '../../../src/contract/lock-mode.ts';
import { Refusals } from '../../../src/contract/refusal.ts';
import { CallEnd } from '../../../src/core/sink.ts';
import { Scenario } from '../scenario.ts';

const DAY_MS = 86_400_000;

describe('waiting', () => {
  it('ends with a refusal when the wait timeout passes (cases 3, 43)', () => {
    const s = new Scenario();
    s.lock('a');
    const waiter = s.lock('a', { waitTimeoutMs: 1000 });
    s.pass(999);
    expect(s.answer(waiter)).toBe('waits');
    s.pass(1);
    expect(s.answer(waiter)).toBe(Refusals.waitTimeout);
    expect(s.counters).toMatchObject({ waiters: 0, holders: 1, waitTimeouts: 1 });
  });

  it('goes on for ever without a wait timeout (case 4)', () => {
    const s = new Scenario();
    s.lock('a');
    const waiter = s.lock('a');
    s.pass(DAY_MS);
    expect(s.answer(waiter)).toBe('waits');
  });

  it("ends without an answer of the lock at the caller's own deadline (case 49)", () => {
    const s = new Scenario();
    const holder = s.lock('a');
    const waiter = s.lock('a', { waitTimeoutMs: 5000, deadlineMs: 1000 });
    const patient = s.lock('a', { waitTimeoutMs: 5000, deadlineMs: 6000 });
    s.pass(1000);
    expect(s.outcomesOf(waiter)).toMatchObject([{ kind: 'ended', end: CallEnd.Deadline }]);
    s.pass(4000);
    expect(s.answer(patient)).toBe(Refusals.waitTimeout);
    s.unlock('a', holder);
    expect(s.grants).toEqual([holder]);
  });

  it("tells of the wait timeout when it falls together with the caller's deadline", () => {
    const s = new Scenario();
    s.lock('a');
    const waiter = s.lock('a', { waitTimeoutMs: 1000, deadlineMs: 1000 });
    s.pass(1000);
    expect(s.answer(waiter)).toBe(Refusals.waitTimeout);
  });

  it('changes nothing when the deadline has passed before the call is taken', () => {
    const s = new Scenario({ startMs: 50 });
    for (const call of [s.lock('a', { deadlineMs: 50 }), s.tryLock('a', { deadlineMs: 49 })]) {
      expect(s.outcomesOf(call)).toMatchObject([{ kind: 'ended', end: CallEnd.Deadline }]);
    }
    expect(s.counters).toMatchObject({ locks: 0, holders: 0, grants: 0, deadlines: 2 });
  });

  it('is first come, first served (case 44)', () => {
    const s = new Scenario();
    const holder = s.lock('a');
    const waiters = [1, 2, 3, 4, 5, 6, 7, 8].map((session) => s.lock('a', { session }));
    for (const call of [holder, ...waiters]) s.unlock('a', call);
    expect(s.grants).toEqual([holder, ...waiters]);
  });

  it('hands a released lock to the head, not to a TryLock (cases 45, 46)', () => {
    const s = new Scenario();
    const holder = s.lock('a');
    const waiter = s.lock('a', { session: 2 });
    s.unlock('a', holder);
    expect(s.isGranted(waiter)).toBe(true);
    expect(s.answer(s.tryLock('a'))).toBe(null);
  });

  it('lets nobody pass a head that does not fit, not even who would fit (case 46)', () => {
    const s = new Scenario();
    const small = s.lock('a', { size: 3 });
    const big = s.lock('a', { size: 3, permits: 3 });
    expect(s.answer(s.tryLock('a', { size: 3 }))).toBe(null);
    const behind = s.lock('a', { size: 3 });
    expect(s.answer(behind)).toBe('waits');
    s.unlock('a', small);
    expect([s.answer(big), s.answer(behind)]).toEqual(['granted', 'waits']);
  });

  it('lets those behind through when a head that did not fit leaves', () => {
    for (const leave of ['cancel', 'timeout', 'session'] as const) {
      const s = new Scenario();
      s.lock('a', { size: 3 });
      const big = s.lock('a', { size: 3, permits: 3, session: 2, waitTimeoutMs: 100 });
      const behind = [1, 2, 3].map(() => s.lock('a', { size: 3 }));
      if (leave === 'cancel') s.cancel(2, big);
      if (leave === 'timeout') s.pass(100);
      if (leave === 'session') s.endSession(2);
      expect(
        behind.map((call) => s.answer(call)),
        leave,
      ).toEqual(['granted', 'granted', 'waits']);
    }
  });

  it('grants readers in a row together, and a writer between them alone', () => {
    const s = new Scenario();
    const shared = { mode: LockMode.Shared };
    const writer = s.lock('a');
    const readers = [s.lock('a', shared), s.lock('a', shared)];
    const second = s.lock('a');
    const last = s.lock('a', shared);
    s.unlock('a', writer);
    expect(readers.map((call) => s.answer(call))).toEqual(['granted', 'granted']);
    for (const reader of readers) s.unlock('a', reader);
    expect([s.answer(second), s.answer(last)]).toEqual(['granted', 'waits']);
    s.unlock('a', second);
    expect(s.isGranted(last)).toBe(true);
  });

  it('keeps the order of the others when a waiter is cancelled, and frees the lock at last (case 48)', () => {
    const s = new Scenario();
    const holder = s.lock('a');
    const [first, gone, last] = [2, 3, 4].map((session) => s.lock('a', { session })) as [
      number,
      number,
      number,
    ];
    s.cancel(3, gone);
    for (const call of [holder, first, last]) expect(s.unlock('a', call)).toBe(null);
    expect(s.outcomesOf(gone)).toEqual([]);
    expect(s.grants).toEqual([holder, first, last]);
    expect(s.isGranted(s.tryLock('a'))).toBe(true);
  });

  it('lets many readers through a slice at a time, and nobody past those that are left', () => {
    const s = new Scenario({ sliceCount: 4 });
    const shared = { mode: LockMode.Shared, session: 2 };
    const writer = s.lock('a');
    const readers = Array.from({ length: 10 }, () => s.lock('a', shared));
    s.unlock('a', writer);
    expect(s.counters).toMatchObject({ holders: 4, waiters: 6 });
    expect(s.core.nextWakeMs()).toBeLessThanOrEqual(s.nowMs);
    expect(s.answer(s.tryLock('a', shared))).toBeNull();
    const late = s.lock('a', shared);
    expect(s.answer(late)).toBe('waits');
    s.cancel(2, readers[4]!);
    s.core.advance(s.nowMs);
    // Leaving the head lets a slice through as well.
    expect(s.counters).toMatchObject({ holders: 10, waiters: 0 });
    s.pass(0);
    expect(s.grants).toEqual([writer, ...readers.filter((_, i) => i !== 4), late]);
    expect(s.core.nextWakeMs()).toBeGreaterThan(s.nowMs);
  });

  it('goes on with each of several queues, also once the server stops', () => {
    const s = new Scenario({ sliceCount: 2 });
    const shared = { mode: LockMode.Shared, session: 2 };
    for (const name of ['a', 'b', 'c']) {
      const writer = s.lock(name);
      for (let i = 0; i < 5; i++) s.lock(name, shared);
      s.unlock(name, writer);
    }
    expect(s.counters).toMatchObject({ holders: 6, waiters: 9 });
    for (let i = 0; i < 3; i++) s.core.advance(s.nowMs);
    expect(s.counters).toMatchObject({ holders: 12, waiters: 3 });
    s.stop();
    s.pass(0);
    expect(s.counters).toMatchObject({ holders: 12, waiters: 0 });
  });

  it('takes a cancellation of a call that it does not know for nothing', () => {
    const s = new Scenario();
    const holder = s.lock('a');
    s.cancel(1, 77);
    s.cancel(77, holder);
    expect(s.answer(s.tryLock('a'))).toBe(null);
    expect(s.counters).toMatchObject({ holders: 1, departures: 0 });
  });

  it('finds each of many waiters of one session by its call (case 53)', () => {
    const s = new Scenario();
    const holder = s.lock('a');
    const waiters = Array.from({ length: 400 }, () => s.lock('a'));
    expect(s.isGranted(s.lock('b'))).toBe(true);
    for (const call of waiters.slice(1)) s.cancel(1, call);
    expect(s.counters.waiters).toBe(1);
    s.unlock('a', holder);
    expect(s.isGranted(waiters[0]!)).toBe(true);
  });

  it('grants nothing to a waiter whose time is over when the lock comes free', () => {
    const s = new Scenario({ sliceCount: 1 });
    const holder = s.lock('a');
    const late = s.lock('a', { deadlineMs: 100 });
    const later = s.lock('a', { waitTimeoutMs: 110 });
    const last = s.lock('a', { waitTimeoutMs: 1000 });
    s.nowMs = 200;
    s.unlock('a', holder);
    expect(s.outcomesOf(late)).toMatchObject([{ kind: 'ended', end: CallEnd.Deadline }]);
    expect([s.answer(later), s.answer(last)]).toEqual([Refusals.waitTimeout, 'granted']);
  });
});
