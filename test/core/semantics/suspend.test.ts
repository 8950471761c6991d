import { describe, expect, it } from 'vitest';
import { Refusals } from '../../../src/contract/refusal.ts';
import { LockCore } from '../../../src/core/lock-core.ts';
import { CallEnd } from '../../../src/core/sink.ts';
import { checkInvariants } from '../invariants.ts';
import { Scenario } from '../scenario.ts';

const suspended = [{ kind: 'ended', end: CallEnd.Suspended }];

describe('a suspended core', () => {
  it('ends every Lock and TryLock, also a repeat of a call that holds or waits', () => {
    const s = new Scenario();
    s.lock('a', { requestId: 'request-1' });
    const waiter = s.lock('a', { requestId: 'request-2' });
    s.core.suspend();
    expect(s.core.suspended).toBe(true);
    expect(s.outcomesOf(s.lock('b'))).toMatchObject(suspended);
    expect(s.outcomesOf(s.tryLock('b'))).toMatchObject(suspended);
    expect(s.outcomesOf(s.lock('a', { requestId: 'request-1' }))).toMatchObject(suspended);
    expect(s.outcomesOf(s.lock('a', { requestId: 'request-2' }))).toMatchObject(suspended);
    expect(s.answer(waiter)).toBe('waits');
    expect(s.counters).toMatchObject({ locks: 1, holders: 1, waiters: 1, repeats: 0 });
    s.core.resume(s.nowMs);
    expect(s.core.suspended).toBe(false);
    expect(s.isGranted(s.lock('b'))).toBe(true);
  });

  it('answers that it stops once it does', () => {
    const s = new Scenario();
    const waiter = s.lock('a') && s.lock('a');
    s.core.suspend();
    s.stop();
    const stopping = [{ kind: 'ended', end: CallEnd.Stopping }];
    expect(s.outcomesOf(waiter)).toMatchObject(stopping);
    expect(s.outcomesOf(s.lock('b'))).toMatchObject(stopping);
    s.core.resume(s.nowMs);
    expect(s.outcomesOf(s.lock('b'))).toMatchObject(stopping);
  });

  it('lets waits time out, be cancelled and end with their session', () => {
    const s = new Scenario();
    s.lock('a');
    const timed = s.lock('a', { waitTimeoutMs: 10 });
    const due = s.lock('a', { deadlineMs: 20 });
    const cancelled = s.lock('a', { session: 2 });
    const gone = s.lock('a', { session: 3 });
    s.core.suspend();
    s.pass(20);
    s.cancel(2, cancelled);
    s.endSession(3);
    expect(s.answer(timed)).toBe(Refusals.waitTimeout);
    expect(s.outcomesOf(due)).toMatchObject([{ end: CallEnd.Deadline }]);
    expect([s.outcomesOf(cancelled), s.outcomesOf(gone)]).toEqual([[], []]);
    expect(s.counters.waiters).toBe(0);
  });

  it('frees what expires, what is given back and what sessions held, and hands it on when it resumes', () => {
    const s = new Scenario();
    s.lock('expires', { lockTimeoutMs: 10 });
    s.lock('ends', { session: 2 });
    const undelivered = s.lock('undelivered');
    const cancelled = s.lock('cancelled', { session: 3 });
    const names = ['expires', 'ends', 'undelivered', 'cancelled'];
    const waiters = names.map((name) => s.lock(name, { session: 9 }));
    s.core.suspend();
    s.pass(10);
    s.endSession(2);
    s.releaseUndelivered('undelivered', undelivered);
    s.cancel(3, cancelled);
    expect(s.counters).toMatchObject({ holders: 0, waiters: 4, expiries: 1, sessionReleases: 1, unlocks: 2 });
    // Nothing is to be done before it resumes, so it may sleep.
    expect(s.core.nextWakeMs()).toBeGreaterThan(s.nowMs);
    s.pass(1000);
    for (const waiter of waiters) expect(s.answer(waiter)).toBe('waits');
    s.core.resume(s.nowMs);
    for (const waiter of waiters) expect(s.isGranted(waiter)).toBe(true);
    checkInvariants(LockCore.stateOf(s.core), s.nowMs);
  });

  it('passes over heads that are gone or late without granting to the next', () => {
    const s = new Scenario();
    s.lock('a', { lockTimeoutMs: 10 });
    const first = s.lock('a', { waitTimeoutMs: 20 });
    const second = s.lock('a', { session: 2 });
    const third = s.lock('a');
    s.core.suspend();
    s.pass(15);
    s.pass(5);
    expect(s.answer(first)).toBe(Refusals.waitTimeout);
    s.cancel(2, second);
    expect(s.answer(third)).toBe('waits');
    s.core.resume(s.nowMs);
    expect(s.isGranted(third)).toBe(true);
  });

  it('ends what is overdue before it grants anything', () => {
    const s = new Scenario();
    s.lock('a', { lockTimeoutMs: 10 });
    const late = s.lock('a', { waitTimeoutMs: 10 });
    const next = s.lock('a');
    s.core.suspend();
    s.core.resume(s.nowMs + 10);
    expect(s.answer(late)).toBe(Refusals.waitTimeout);
    expect(s.isGranted(next)).toBe(true);
  });

  it('lets through in slices when it resumes, over one queue and over many', () => {
    const s = new Scenario({ sliceCount: 4 });
    for (let i = 0; i < 10; i++) s.lock(`lock-${i}`, { lockTimeoutMs: 10 });
    s.lock('wide', { size: 10, permits: 10, lockTimeoutMs: 10 });
    const waiters = Array.from({ length: 10 }, (_, i) => s.lock(`lock-${i}`));
    const wide = Array.from({ length: 10 }, () => s.lock('wide', { size: 10 }));
    s.core.suspend();
    s.pass(10);
    expect(s.counters.grants).toBe(11);
    s.core.resume(s.nowMs);
    expect(s.counters.grants).toBe(11 + 4);
    expect(s.core.nextWakeMs()).toBeLessThanOrEqual(s.nowMs);
    s.core.advance(s.nowMs);
    expect(s.counters.grants).toBe(11 + 8);
    // Whoever comes in between queues up behind those that are left.
    expect(s.answer(s.tryLock('wide', { size: 10 }))).toBe(null);
    s.pass(0);
    for (const call of [...waiters, ...wide]) expect(s.isGranted(call)).toBe(true);
  });
});

describe('revoking a grant', () => {
  it('leaves nothing of it but its token', () => {
    const s = new Scenario();
    const call = s.lock('a', { size: 3, requestId: 'request-1', lockTimeoutMs: 10, holder: 'me' });
    s.core.suspend();
    s.revoke('a', call);
    expect(s.counters).toMatchObject({ holders: 0, locks: 0, revocations: 1, unlocks: 0, collections: 0 });
    checkInvariants(LockCore.stateOf(s.core), s.nowMs + 100);
    s.core.resume(s.nowMs);
    const again = s.lock('a', { size: 2, requestId: 'request-1' });
    expect(s.isGranted(again)).toBe(true);
    expect(s.token(again)).toBeGreaterThan(s.token(call));
    expect(s.unlock('a', call)).toBe(Refusals.invalidKey);
  });

  it('lets who waits through, but not before the core resumes', () => {
    const s = new Scenario();
    const call = s.lock('a');
    const waiter = s.lock('a');
    s.core.suspend();
    s.revoke('a', call);
    s.pass(1);
    expect(s.answer(waiter)).toBe('waits');
    s.core.resume(s.nowMs);
    expect(s.isGranted(waiter)).toBe(true);
    const next = s.lock('a');
    s.revoke('a', waiter);
    expect(s.isGranted(next)).toBe(true);
  });

  it('leaves the lock to its other holders, and does nothing where there is no such grant', () => {
    const s = new Scenario();
    const [one, two] = [s.lock('a', { size: 2 }), s.lock('a', { size: 2 })];
    s.revoke('a', two);
    s.revoke('a', two);
    s.revoke('b', one);
    expect(s.counters).toMatchObject({ holders: 1, locks: 1, revocations: 1 });
    expect(s.unlock('a', one)).toBe(null);
    checkInvariants(LockCore.stateOf(s.core), s.nowMs);
  });

  it('is not told to the observer', () => {
    const events: string[] = [];
    const observer = {
      granted: () => events.push('granted'),
      released: () => events.push('released'),
      renewed: () => events.push('renewed'),
      lockClosed: () => events.push('lockClosed'),
      requestRefused: () => events.push('requestRefused'),
    };
    const s = new Scenario({}, observer);
    s.revoke('a', s.lock('a'));
    expect(events).toEqual(['granted']);
  });
});
