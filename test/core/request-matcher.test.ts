import { describe, expect, it } from 'vitest';
import { Limits } from '../../src/base/limits.ts';
import { LockMode } from '../../src/contract/lock-mode.ts';
import { Refusals } from '../../src/contract/refusal.ts';
import { LockCommand, UnlockCommand } from '../../src/core/command.ts';
import { RequestMatcher } from '../../src/core/request-matcher.ts';
import { CallEnd } from '../../src/core/sink.ts';
import { openState } from './open-state.ts';

const requestId = 'request-1';

function open() {
  const opened = openState();
  const matcher = new RequestMatcher(opened.state);
  /** Repeats the Lock of 'a' in another session; what comes of it is told to call 99. */
  const repeat = (fields: Partial<LockCommand> = {}, nowMs = 0): boolean => {
    const command = Object.assign(new LockCommand(), { name: 'a', requestId }, fields);
    Object.assign(command.origin, { session: 9, call: 99 });
    return matcher.repeat(command, nowMs);
  };
  const unlock = (nowMs = 0, name = 'a'): boolean =>
    matcher.unlock(Object.assign(new UnlockCommand(), { name, requestId }), nowMs);
  return { ...opened, repeat, unlock };
}

describe('a Lock whose request id nobody knows', () => {
  it('is a new one, and nothing is told', () => {
    const { sink, hold, repeat } = open();
    hold('a', 1, { requestId: 'request-2' });
    hold('b', 1, { requestId });
    expect([repeat(), sink.take()]).toEqual([false, []]);
  });
});

describe('a Lock that repeats a grant', () => {
  it('is told the same key and token, and has the grant in its session from now on', () => {
    const { state, sink, hold, repeat } = open();
    const claim = hold('a', 1, { requestId });
    expect(repeat()).toBe(true);
    expect(sink.take()).toMatchObject([{ session: 9, call: 99, kind: 'granted', name: 'a', key: { a: 1 } }]);
    expect(state.sessions.id(state.claims.session(claim))).toBe(9);
    expect(state.counters).toMatchObject({ repeats: 1, grants: 1, holders: 1 });
    expect(state.findGrant(state.claims.session(claim), 99, 10)).toBe(claim);
    // Who cancels one of the two calls does not take it from the other.
    expect(state.claims.isSharedByCalls(claim)).toBe(true);
  });

  it('has its timeout counted anew where it names one, and keeps it otherwise', () => {
    const { state, hold, repeat } = open();
    const claim = hold('a', 1, { requestId, lockTimeoutMs: 1_000 });
    repeat({}, 500);
    expect(state.deadlines.deadlineMs(claim)).toBe(1_000);
    repeat({ lockTimeoutMs: 700 }, 500);
    expect(state.deadlines.deadlineMs(claim)).toBe(1_200);
  });

  it('is refused where it asks for something else, and nothing is moved', () => {
    for (const other of [{ size: 4 }, { permits: 2 }, { mode: LockMode.Shared }]) {
      const { state, sink, hold, repeat } = open();
      const claim = hold('a', 1, { requestId, size: 3 });
      expect(repeat({ size: 3, ...other })).toBe(true);
      expect(sink.take()).toMatchObject([{ call: 99, kind: 'notLocked', refusal: Refusals.requestDiffers }]);
      expect(state.sessions.id(state.claims.session(claim))).toBe(1);
    }
  });

  it('takes no permits for one', () => {
    const { sink, hold, repeat } = open();
    hold('a', 1, { requestId });
    repeat({ permits: 0 });
    expect(sink.take()).toMatchObject([{ kind: 'granted' }]);
  });

  it('is refused behind its release, for as long as that is remembered', () => {
    const { state, sink, hold, repeat } = open();
    state.unlock(hold('a', 1, { requestId }), 10);
    expect(repeat({}, 10 + Limits.requestMemoryMs - 1)).toBe(true);
    expect(sink.take()).toMatchObject([{ kind: 'notLocked', name: 'a', refusal: Refusals.requestReleased }]);
    expect(repeat({}, 10 + Limits.requestMemoryMs)).toBe(false);
  });

  it('finds a grant released that only nobody has noticed to be over', () => {
    const { state, sink, hold, repeat } = open();
    hold('a', 1, { requestId, lockTimeoutMs: 1_000 });
    expect(repeat({}, 1_000)).toBe(true);
    expect(sink.take()).toMatchObject([{ kind: 'notLocked', refusal: Refusals.requestReleased }]);
    expect(state.counters).toMatchObject({ holders: 0, expiries: 1 });
  });
});

describe('a Lock that repeats one that waits', () => {
  it('ends the call before it, and waits in its place by its own times', () => {
    const { state, sink, hold, enqueue, repeat } = open();
    hold('a', 1);
    const claim = enqueue('a', 2, { requestId, waitTimeoutMs: 100, lockTimeoutMs: 5 });
    enqueue('a', 3);
    expect(repeat({ waitTimeoutMs: 700, lockTimeoutMs: 50 }, 50)).toBe(true);
    expect(sink.take()).toEqual([{ session: 2, call: 2, kind: 'ended', end: CallEnd.Superseded }]);
    expect(state.locks.firstWaiter(state.claims.lock(claim))).toBe(claim);
    expect(state.deadlines.deadlineMs(claim)).toBe(750);
    expect(state.claims.lockTimeoutMs(claim)).toBe(50);
    expect(state.readOrigin(claim)).toMatchObject({ session: 9, call: 99 });
    expect(state.counters).toMatchObject({ repeats: 1, waiters: 2 });
    // It is found by the call that waits, and by no other.
    const findCall = (call: number) => state.queue.find(state.claims.session(claim), call);
    expect([findCall(99), findCall(2)]).toEqual([claim, 0]);
  });

  it('leaves it alone as a TryLock, which never waits', () => {
    const { state, sink, hold, enqueue, repeat } = open();
    hold('a', 1);
    const claim = enqueue('a', 2, { requestId });
    expect(repeat({ tryOnly: true })).toBe(true);
    expect(sink.take()).toEqual([{ session: 9, call: 99, kind: 'notLocked', name: 'a', refusal: null }]);
    expect(state.readOrigin(claim)).toMatchObject({ session: 2, call: 2 });
  });

  it('is a new one where the time of that is over, or its session has ended', () => {
    for (const end of ['time', 'session']) {
      const { state, hold, enqueue, repeat } = open();
      hold('a', 1);
      const claim = enqueue('a', 2, { requestId, waitTimeoutMs: 100 });
      if (end === 'session') state.sessions.end(state.claims.session(claim));
      expect(repeat({}, end === 'time' ? 100 : 0), end).toBe(false);
      expect(state.counters.waiters).toBe(0);
    }
  });
});

describe('an Unlock that names a request', () => {
  it('releases its grant, and lets through who waits', () => {
    const { state, sink, hold, enqueue, unlock } = open();
    hold('a', 1, { requestId });
    enqueue('a', 2);
    expect(unlock()).toBe(true);
    expect(sink.take()).toMatchObject([{ session: 2, kind: 'granted' }]);
    expect(state.counters).toMatchObject({ unlocks: 1, holders: 1, waiters: 0 });
  });

  it('ends its call where it waits, and lets through who waits behind it', () => {
    const { state, sink, hold, enqueue, repeat, unlock } = open();
    const shared = { mode: LockMode.Shared };
    hold('a', 1, shared);
    enqueue('a', 2, { requestId });
    enqueue('a', 3, shared);
    expect(unlock()).toBe(true);
    expect(sink.take()).toMatchObject([
      { session: 2, call: 2, kind: 'ended', end: CallEnd.Superseded },
      { session: 3, kind: 'granted' },
    ]);
    expect(state.counters).toMatchObject({ departures: 1, waiters: 0, unlocks: 0 });
    expect([repeat(), sink.take()[0]]).toMatchObject([true, { refusal: Refusals.requestReleased }]);
  });

  it('finds nothing where there is no such request, and has it refused from now on', () => {
    const { sink, hold, repeat, unlock } = open();
    hold('a', 1, { requestId: 'request-2' });
    expect(unlock(20)).toBe(false);
    expect(repeat({}, 20 + Limits.requestMemoryMs - 1)).toBe(true);
    expect(sink.take()).toMatchObject([{ refusal: Refusals.requestReleased }]);
    expect(repeat({}, 20 + Limits.requestMemoryMs)).toBe(false);
  });

  it('finds nothing a second time, and has it refused for longer', () => {
    const { hold, repeat, unlock } = open();
    hold('a', 1, { requestId });
    expect([unlock(0), unlock(1_000)]).toEqual([true, false]);
    expect(repeat({}, 1_000 + Limits.requestMemoryMs - 1)).toBe(true);
    expect(repeat({}, 1_000 + Limits.requestMemoryMs)).toBe(false);
  });

  it('finds nothing where the time of the grant is over', () => {
    const { state, hold, unlock } = open();
    hold('a', 1, { requestId, lockTimeoutMs: 1_000 });
    expect(unlock(1_000)).toBe(false);
    expect(state.counters).toMatchObject({ expiries: 1, unlocks: 0 });
  });
});
