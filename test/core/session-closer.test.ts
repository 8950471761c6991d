import { describe, expect, it } from 'vitest';
import { SessionCloser } from '../../src/core/session-closer.ts';
import { openState } from './open-state.ts';

describe('SessionCloser', () => {
  it('clears sessions away in the order of their end, no more claims at a time than it may', () => {
    const { state, hold } = openState();
    const closer = new SessionCloser(state);
    const rows = [1, 2, 3].map((session) => {
      for (let i = 0; i < 3; i++) hold(`lock ${i} of ${session}`, session);
      return state.sessions.find(session);
    });
    const areOpen = (): boolean[] => rows.map((row) => state.sessions.isOpen(row));
    for (const session of [3, 1]) closer.end(session);
    closer.runSlice(0, 2);
    expect(state.counters).toMatchObject({ holders: 7, sessions: 3, sessionReleases: 2 });
    closer.runSlice(0, 2);
    expect(state.counters).toMatchObject({ holders: 5, sessions: 2, sessionReleases: 4 });
    expect([closer.isPending, ...areOpen()]).toEqual([true, true, true, false]);
    closer.runSlice(0, 2);
    expect(state.counters).toMatchObject({ holders: 3, sessions: 1, sessionReleases: 6 });
    expect([closer.isPending, ...areOpen()]).toEqual([false, false, true, false]);
    expect([1, 2, 3].map((session) => closer.hasEnded(session))).toEqual([true, false, true]);
  });

  it('closes a session that has nothing left, also in a slice that has no claim left to look at', () => {
    const { state, hold, enqueue } = openState();
    const closer = new SessionCloser(state);
    hold('a', 1);
    enqueue('a', 2);
    hold('b', 3);
    state.unlock(hold('c', 4), 0);
    for (const session of [2, 4, 1]) closer.end(session);
    closer.runSlice(0, 1);
    expect(state.counters).toMatchObject({ sessions: 2, waiters: 0, departures: 1, holders: 2 });
    closer.runSlice(0, 1);
    expect(state.counters).toMatchObject({ sessions: 1, holders: 1 });
    expect(closer.isPending).toBe(false);
  });

  it('remembers sessions that never claimed a lock, and has nothing to do for them', () => {
    const { state } = openState();
    const closer = new SessionCloser(state);
    closer.end(9);
    closer.end(9);
    expect([closer.hasEnded(9), closer.isPending]).toEqual([true, false]);
  });
});
