import { describe, expect, it } from 'vitest';
import { Scenario } from '../scenario.ts';

const requestId = 'request-1';

describe('a grant that could not be delivered', () => {
  it('goes to the next waiter', () => {
    const s = new Scenario();
    const lost = s.lock('a', { session: 1 });
    const next = s.lock('a', { session: 2 });
    s.releaseUndelivered('a', 1, lost);
    expect(s.isGranted(next)).toBe(true);
  });

  it('goes back also when its session has ended and keeps its locks', () => {
    const s = new Scenario({ keepOnSessionEnd: true });
    const lost = s.lock('a', { session: 1 });
    s.endSession(1);
    expect(s.counters.holders).toBe(1);
    s.releaseUndelivered('a', 1, lost);
    expect(s.counters.holders).toBe(0);
  });

  it('stays when a repeat from another session has taken it over', () => {
    const s = new Scenario();
    const lost = s.lock('a', { session: 1, requestId });
    const again = s.lock('a', { session: 2, requestId });
    s.releaseUndelivered('a', 1, lost);
    expect(s.counters.holders).toBe(1);
    s.releaseUndelivered('a', 2, again, lost);
    expect(s.counters.holders).toBe(0);
  });

  it('stays when a repeat from the same session has taken it over', () => {
    const s = new Scenario();
    const lost = s.lock('a', { session: 1, requestId });
    s.lock('a', { session: 1, requestId });
    s.releaseUndelivered('a', 1, lost);
    expect(s.counters.holders).toBe(1);
  });

  it('goes back with its request id when nobody has repeated it, also after a wait', () => {
    const s = new Scenario();
    const holder = s.lock('a', { session: 1 });
    const lost = s.lock('a', { session: 2, requestId });
    s.unlock('a', holder);
    expect(s.isGranted(lost)).toBe(true);
    s.releaseUndelivered('a', 2, lost);
    expect(s.counters.holders).toBe(0);
  });

  it('is unknown after its timeout', () => {
    const s = new Scenario();
    const lost = s.lock('a', { session: 1, lockTimeoutMs: 100 });
    s.pass(100);
    s.lock('a', { session: 2 });
    s.releaseUndelivered('a', 1, lost);
    expect(s.counters.holders).toBe(1);
  });
});
