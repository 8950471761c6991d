import { describe, expect, it } from 'vitest';
import { Limits } from '../../../src/base/limits.ts';
import { LockMode } from '../../../src/contract/lock-mode.ts';
import { Refusals } from '../../../src/contract/refusal.ts';
import { CallEnd } from '../../../src/core/sink.ts';
import { Scenario } from '../scenario.ts';

const requestId = 'request-1';

describe('a repeated request id', () => {
  it('answers the same key and token while it holds, and moves the grant to the new session', () => {
    const s = new Scenario();
    const first = s.lock('a', { session: 1, requestId });
    const again = s.lock('a', { session: 2, requestId });
    const [one, two] = [s.outcomesOf(first)[0]!, s.outcomesOf(again)[0]!];
    expect(two).toEqual({ ...one, session: 2, call: again });
    s.endSession(1);
    expect(s.counters).toMatchObject({ holders: 1, grants: 1, repeats: 1 });
    s.endSession(2);
    expect(s.counters.holders).toBe(0);
  });

  it('counts the lock timeout anew if it carries one', () => {
    const s = new Scenario();
    s.lock('a', { requestId, lockTimeoutMs: 1000 });
    s.pass(900);
    s.tryLock('a', { requestId });
    s.pass(50);
    s.lock('a', { requestId, lockTimeoutMs: 1000 });
    s.pass(999);
    expect(s.counters.holders).toBe(1);
    s.pass(1);
    expect(s.counters.holders).toBe(0);
  });

  it('moves a waiter to the new call, which keeps the place and brings its own times', () => {
    const s = new Scenario();
    const holder = s.lock('a', { session: 1 });
    const first = s.lock('a', { session: 2, requestId, waitTimeoutMs: 100 });
    const behind = s.lock('a', { session: 3 });
    const again = s.lock('a', { session: 4, requestId, waitTimeoutMs: 500, lockTimeoutMs: 10 });
    expect(s.outcomesOf(first)).toMatchObject([{ session: 2, kind: 'ended', end: CallEnd.Superseded }]);
    s.cancel(2, first);
    s.endSession(2);
    s.pass(499);
    s.unlock('a', holder);
    expect([s.answer(again), s.answer(behind)]).toEqual(['granted', 'waits']);
    expect(s.outcomesOf(again)).toMatchObject([{ session: 4, key: { a: first } }]);
    s.pass(10);
    expect(s.isGranted(behind)).toBe(true);
  });

  it('can be cancelled by its new call', () => {
    const s = new Scenario();
    s.lock('a');
    s.lock('a', { session: 2, requestId });
    const again = s.lock('a', { session: 3, requestId });
    s.cancel(3, again);
    expect(s.counters.waiters).toBe(0);
  });

  it('leaves the waiter to the call that waits when it comes as TryLock', () => {
    const s = new Scenario();
    const holder = s.lock('a');
    const waiter = s.lock('a', { session: 2, requestId });
    expect(s.answer(s.tryLock('a', { session: 3, requestId }))).toBe(null);
    s.unlock('a', holder);
    expect(s.outcomesOf(waiter)).toMatchObject([{ session: 2, kind: 'granted' }]);
  });

  it('is refused for a minute after the release, however that came about', () => {
    for (const release of ['unlock', 'expiry', 'session'] as const) {
      const s = new Scenario();
      const first = s.lock('a', { requestId, lockTimeoutMs: 1000 });
      s.pass(999);
      if (release === 'unlock') s.unlock('a', first);
      if (release === 'session') s.endSession(1);
      s.pass(1);
      expect(s.answer(s.lock('a', { session: 2, requestId })), release).toBe(Refusals.requestReleased);
      s.pass(Limits.requestMemoryMs - 2);
      expect(s.answer(s.tryLock('a', { session: 2, requestId })), release).toBe(Refusals.requestReleased);
      s.pass(2);
      expect(s.isGranted(s.lock('a', { session: 2, requestId })), release).toBe(true);
    }
  });

  it('is a new request after a wait that ended without a grant', () => {
    const s = new Scenario();
    s.lock('a');
    s.lock('a', { session: 2, requestId, waitTimeoutMs: 10 });
    s.pass(10);
    expect(s.answer(s.tryLock('a', { session: 2, requestId }))).toBe(null);
    s.lock('a', { session: 2, requestId });
    s.endSession(2);
    expect(s.answer(s.lock('a', { session: 3, requestId }))).toBe('waits');
  });

  it('must have the size, permits and mode of the first, whatever the size of the lock', () => {
    const s = new Scenario();
    s.lock('a', { requestId, size: 3, permits: 1 });
    for (const other of [{ size: 2 }, { size: 3, permits: 2 }]) {
      expect(s.answer(s.lock('a', { requestId, ...other }))).toBe(Refusals.requestDiffers);
    }
    s.lock('b', { requestId });
    expect(s.answer(s.lock('b', { requestId, mode: LockMode.Shared }))).toBe(Refusals.requestDiffers);
  });

  it('means another request for another name', () => {
    const s = new Scenario();
    const calls = ['a', 'b', '1a'].map((name) => s.lock(name, { requestId }));
    expect(s.isGranted(s.lock('a', { requestId: `${requestId}1`, size: 1, deadlineMs: 1 }))).toBe(false);
    expect(s.grants).toEqual(calls);
  });

  it('does not bring a grant of an ending session back to life', () => {
    const s = new Scenario({ sliceCount: 1 });
    s.lock('a', { session: 1, requestId });
    s.lock('b', { session: 1 });
    s.endSession(1);
    expect(s.answer(s.lock('a', { session: 2, requestId }))).toBe(Refusals.requestReleased);
    s.pass(0);
    expect(s.counters.holders).toBe(0);
  });
});

describe('Unlock by request id', () => {
  it('releases the grant that carries it', () => {
    const s = new Scenario();
    s.lock('a', { requestId });
    expect(s.unlockRequest('a', requestId)).toBe(null);
    expect(s.counters).toMatchObject({ holders: 0, unlocks: 1 });
    expect(s.answer(s.lock('a', { requestId }))).toBe(Refusals.requestReleased);
  });

  it('takes the waiter that carries it out of the queue and ends its call', () => {
    const s = new Scenario();
    const holder = s.lock('a');
    const waiter = s.lock('a', { requestId });
    expect(s.unlockRequest('a', requestId)).toBe(null);
    expect(s.outcomesOf(waiter)).toMatchObject([{ kind: 'ended', end: CallEnd.Superseded }]);
    s.unlock('a', holder);
    expect(s.grants).toEqual([holder]);
    expect(s.answer(s.lock('a', { requestId }))).toBe(Refusals.requestReleased);
  });

  it('refuses the Lock that arrives after it, for a minute', () => {
    const s = new Scenario();
    expect(s.unlockRequest('a', requestId)).toBe(Refusals.lockDoesNotExist);
    expect(s.counters.locks).toBe(0);
    expect(s.answer(s.lock('a', { requestId }))).toBe(Refusals.requestReleased);
    s.pass(30_000);
    s.lock('a');
    expect(s.unlockRequest('a', requestId)).toBe(Refusals.invalidKey);
    s.pass(Limits.requestMemoryMs - 1);
    expect(s.answer(s.lock('a', { requestId }))).toBe(Refusals.requestReleased);
    s.pass(1);
    expect(s.answer(s.lock('a', { requestId }))).toBe('waits');
  });

  it('lets a valid key decide, and the id when the key is not', () => {
    const s = new Scenario();
    const byKey = s.lock('a', { size: 2 });
    s.lock('a', { size: 2, requestId });
    expect(s.unlock('a', byKey, requestId)).toBe(null);
    expect(s.answer(s.lock('a', { size: 2, requestId }))).toBe('granted');
    expect(s.unlock('a', byKey, requestId)).toBe(null);
    expect(s.counters.holders).toBe(0);
  });
});
