import { describe, expect, it, vi } from 'vitest';
import { LockMode } from '../../src/contract/lock-mode.ts';
import { Refusals } from '../../src/contract/refusal.ts';
import { CallEnd } from '../../src/core/sink.ts';
import { WaiterPassage } from '../../src/core/waiter-passage.ts';
import { openState } from './open-state.ts';

const SLICE = 3;

/** A state with a passage beside its own one, by slices of three, which alone is told to let waiters through. */
function open() {
  const opened = openState();
  const { state, sink } = opened;
  const passage = new WaiterPassage(state, SLICE);
  /** Who was granted a lock since the last time. */
  const granted = (): number[] => sink.take().flatMap((o) => (o.kind === 'granted' ? [o.session] : []));
  return { ...opened, passage, granted, lockOf: (claim: number) => state.claims.lock(claim) };
}

describe('letting waiters through', () => {
  it('grants from the head for as long as it fits, and lets nobody pass it', () => {
    const { state, enqueue, passage, granted, lockOf } = open();
    const first = enqueue('a', 1, { size: 4, permits: 2 });
    enqueue('a', 2, { permits: 1 });
    const third = enqueue('a', 3, { permits: 2 });
    enqueue('a', 4, { permits: 1 });
    expect(passage.letThrough(lockOf(first), 0, 10)).toBe(10 - 3);
    expect(granted()).toEqual([1, 2]);
    expect(state.locks.firstWaiter(lockOf(first))).toBe(third);
    expect([passage.isPending, state.counters.waiters, state.counters.holders]).toEqual([false, 2, 2]);
  });

  it('keeps the modes apart: shared ones go together, an exclusive one alone', () => {
    const { enqueue, passage, granted, lockOf } = open();
    const shared = { mode: LockMode.Shared };
    const first = enqueue('a', 1, shared);
    enqueue('a', 2, shared);
    enqueue('a', 3);
    enqueue('a', 4, shared);
    passage.letThrough(lockOf(first), 0, 10);
    expect(granted()).toEqual([1, 2]);
  });

  it('tells the call what it was granted, and counts for how long it has waited', () => {
    const { state, sink, enqueue, passage, lockOf } = open();
    const claim = enqueue('a', 7, { lockTimeoutMs: 50 });
    const waited = vi.spyOn(state.timings.waits, 'add');
    passage.letThrough(lockOf(claim), 40, 1);
    expect(sink.take()).toMatchObject([{ session: 7, call: 7, kind: 'granted', name: 'a', key: { a: 7 } }]);
    // The timeout is counted from the grant.
    expect(state.deadlines.deadlineMs(claim)).toBe(90);
    expect(waited.mock.calls).toEqual([[40]]);
  });

  it('answers those whose time is over, and goes on behind them', () => {
    const { state, sink, enqueue, passage, lockOf } = open();
    const first = enqueue('a', 1, { waitTimeoutMs: 100 });
    enqueue('a', 2, { deadlineMs: 100 });
    enqueue('a', 3, { waitTimeoutMs: 101 });
    passage.letThrough(lockOf(first), 100, 10);
    expect(sink.take()).toMatchObject([
      { session: 1, kind: 'notLocked', refusal: Refusals.waitTimeout },
      { session: 2, kind: 'ended', end: CallEnd.Deadline },
      { session: 3, kind: 'granted' },
    ]);
    expect(state.counters).toMatchObject({ waitTimeouts: 1, deadlines: 1, waiters: 0, holders: 1 });
  });

  it('drops those of ended sessions without a word', () => {
    const { state, sink, enqueue, passage, lockOf } = open();
    const first = enqueue('a', 1);
    enqueue('a', 2);
    state.sessions.end(state.claims.session(first));
    passage.letThrough(lockOf(first), 0, 10);
    expect(sink.take()).toMatchObject([{ session: 2, kind: 'granted' }]);
    expect(state.counters).toMatchObject({ departures: 1, waiters: 0 });
  });

  it('grants nothing while the server stops, and leaves the waiters to be answered', () => {
    const { state, sink, enqueue, passage, lockOf } = open();
    const claim = enqueue('a', 1);
    state.stopping = true;
    expect(passage.letThrough(lockOf(claim), 0, 10)).toBe(9);
    expect([sink.take(), state.counters.waiters, passage.isPending]).toEqual([[], 1, false]);
  });
});

describe('slices', () => {
  it('let as many through as they may, and leave the next one for later', () => {
    const { enqueue, passage, granted, lockOf } = open();
    const [first] = [1, 2, 3, 4, 5, 6, 7].map((session) => enqueue('a', session, { size: 10 }));
    expect(passage.letThrough(lockOf(first!), 0)).toBe(0);
    expect([granted(), passage.isPending]).toEqual([[1, 2, 3], true]);
    passage.letMoreThrough(0);
    expect([granted(), passage.isPending]).toEqual([[4, 5, 6], true]);
    passage.letMoreThrough(0);
    expect([granted(), passage.isPending]).toEqual([[7], false]);
  });

  it('have nothing left to do where their last waiter was the last there was', () => {
    const { enqueue, passage, granted, lockOf } = open();
    const [first] = [1, 2, 3].map((session) => enqueue('a', session, { size: 10 }));
    passage.letThrough(lockOf(first!), 0);
    expect([granted(), passage.isPending]).toEqual([[1, 2, 3], false]);
  });

  it('are of all queues together, the next one first', () => {
    const { state, enqueue, passage, granted, lockOf } = open();
    const heads = ['a', 'b', 'c'].map((name, i) => enqueue(name, 10 * (i + 1), { size: 10 }));
    for (const [i, name] of ['a', 'b', 'c'].entries()) enqueue(name, 10 * (i + 1) + 1, { size: 10 });
    state.suspended = true;
    for (const head of heads) passage.letThrough(lockOf(head), 0);
    state.suspended = false;
    passage.letMoreThrough(0);
    expect(granted()).toEqual([10, 11, 20]);
    passage.letMoreThrough(0);
    expect([granted(), passage.isPending]).toEqual([[30, 31, 21], false]);
  });
});

describe('a slice', () => {
  it('also counts the queues that turn out to have nobody to let through', () => {
    const { state, enqueue, passage, lockOf } = open();
    const waiters = ['a', 'b', 'c', 'd'].map((name) => enqueue(name, 1));
    state.suspended = true;
    for (const waiter of waiters) passage.letThrough(lockOf(waiter), 0);
    state.suspended = false;
    for (const waiter of waiters) state.removeWaiter(waiter);
    passage.letMoreThrough(0);
    expect(passage.isPending).toBe(true);
    passage.letMoreThrough(0);
    expect(passage.isPending).toBe(false);
  });
});

describe('while nothing may change', () => {
  it('nobody is let through whose turn it is, until it may again', () => {
    const { state, enqueue, passage, granted, lockOf } = open();
    const claim = enqueue('a', 1, { size: 2 });
    enqueue('a', 2);
    state.suspended = true;
    expect(passage.letThrough(lockOf(claim), 0, 10)).toBe(9);
    expect([granted(), passage.isPending]).toEqual([[], false]);
    state.suspended = false;
    expect(passage.isPending).toBe(true);
    passage.letMoreThrough(0);
    expect([granted(), passage.isPending]).toEqual([[1, 2], false]);
  });

  it('those whose time is over are answered all the same', () => {
    const { state, sink, enqueue, passage, lockOf } = open();
    const claim = enqueue('a', 1, { waitTimeoutMs: 100 });
    state.suspended = true;
    passage.letThrough(lockOf(claim), 100, 10);
    expect(sink.take()).toMatchObject([{ session: 1, refusal: Refusals.waitTimeout }]);
  });
});
