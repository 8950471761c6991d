import { describe, expect, it } from 'vitest';
import { CallEnd } from '../../src/core/sink.ts';
import { WaiterDismissal } from '../../src/core/waiter-dismissal.ts';
import { openState } from './open-state.ts';

describe('WaiterDismissal', () => {
  it('does nothing before it begins', () => {
    const { state, sink, hold, enqueue } = openState();
    const dismissal = new WaiterDismissal(state);
    hold('a', 1);
    enqueue('a', 2);
    dismissal.runSlice(10);
    expect([dismissal.isPending, state.stopping, state.counters.waiters]).toEqual([false, false, 1]);
    expect(sink.take()).toEqual([]);
  });

  it('answers every waiter once, looking at no more claims at a time than it may, and leaves holders alone', () => {
    const { state, sink, hold, enqueue } = openState();
    const dismissal = new WaiterDismissal(state);
    hold('a', 1);
    for (const session of [2, 3, 4, 5]) enqueue('a', session);
    dismissal.begin();
    const answered: number[][] = [];
    for (let slice = 0; slice < 4; slice++) {
      dismissal.runSlice(2);
      // A second stop does not begin anew.
      dismissal.begin();
      answered.push(sink.take().map(({ session }) => session));
    }
    // The first slice has the holder in it.
    expect(answered).toEqual([[2], [3, 4], [5], []]);
    expect([dismissal.isPending, state.stopping]).toEqual([false, true]);
    expect(state.counters).toMatchObject({ waiters: 0, holders: 1 });
  });

  it('tells the waiters that the server stops, and those of ended sessions nothing', () => {
    const { state, sink, hold, enqueue } = openState();
    const dismissal = new WaiterDismissal(state);
    hold('a', 1);
    const gone = state.claims.session(enqueue('a', 2));
    enqueue('a', 3);
    state.sessions.end(gone);
    dismissal.begin();
    dismissal.runSlice(10);
    expect(sink.take()).toEqual([{ session: 3, call: 3, kind: 'ended', end: CallEnd.Stopping }]);
    expect(state.counters).toMatchObject({ waiters: 0, departures: 1 });
  });
});
