import { describe, expect, it } from 'vitest';
import { LockMode } from '../../src/contract/lock-mode.ts';
import { ClaimView } from '../../src/core/claim-view.ts';
import { LockKey } from '../../src/core/lock-key.ts';
import { FencingToken } from '../../src/core/sink.ts';
import { openState } from './open-state.ts';

describe('ClaimView', () => {
  it('reads the claim that it points at, as that is now', () => {
    const { state, hold, enqueue } = openState();
    const holder = hold('a', 1, { size: 5, permits: 3, lockTimeoutMs: 50, holder: 'me' });
    const reader = enqueue('b', 2, { mode: LockMode.Shared });
    const view = new ClaimView(state);
    expect(view.at(holder)).toBe(view);
    expect([view.name, view.size, view.permits, view.mode]).toEqual(['a', 5, 3, LockMode.Exclusive]);
    expect([view.session, view.isHolding, view.holder]).toEqual([1, true, 'me']);
    expect([view.sinceMs, view.lockTimeoutMs, view.deadlineMs]).toEqual([0, 50, 50]);
    state.renew(holder, 70, 10);
    expect([view.lockTimeoutMs, view.deadlineMs]).toEqual([70, 80]);
    view.at(reader);
    expect([view.name, view.size, view.permits, view.mode]).toEqual(['b', 1, 1, LockMode.Shared]);
    expect([view.session, view.isHolding, view.holder]).toEqual([2, false, '']);
    expect([view.lockTimeoutMs, view.deadlineMs]).toEqual([0, Number.POSITIVE_INFINITY]);
  });

  it('tells keys and tokens of each', () => {
    const { state, hold } = openState();
    const [one, two] = [hold('a', 1), hold('b', 2)];
    const view = new ClaimView(state);
    const [key, token] = [new LockKey(), new FencingToken()];
    view.at(two).readKey(key);
    view.readToken(token);
    expect([key.a, { ...token }]).toEqual([2, { high: 100, low: 2 }]);
    view.at(one).readKey(key);
    view.readToken(token);
    expect([key.a, { ...token }]).toEqual([1, { high: 100, low: 1 }]);
  });

  it('knows no session of a grant whose session is gone', () => {
    const { state, hold } = openState();
    const claim = hold('a', 1);
    state.sessions.unlink(claim);
    expect(new ClaimView(state).at(claim).session).toBe(0);
  });
});
