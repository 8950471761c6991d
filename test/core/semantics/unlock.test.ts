import { describe, expect, it } from 'vitest';
import { Refusals } from '../../../src/contract/refusal.ts';
import { Scenario } from '../scenario.ts';

describe('unlocking', () => {
  it('frees the lock for the right key, from any session (cases 24, 29, 30)', () => {
    const s = new Scenario();
    const call = s.lock('a', { session: 5 });
    expect(s.unlock('a', call)).toBe(null);
    expect(s.counters).toMatchObject({ holders: 0, unlocks: 1 });
    s.endSession(5);
    expect(s.counters).toMatchObject({ sessions: 0, sessionReleases: 0 });
  });

  it('refuses a wrong key and no key (case 25)', () => {
    const s = new Scenario();
    const call = s.lock('a');
    expect(s.unlock('a', call + 1)).toBe(Refusals.invalidKey);
    expect(s.unlockRequest('a', '')).toBe(Refusals.invalidKey);
    expect(s.counters.holders).toBe(1);
  });

  it('tells an unknown and an empty name apart from a wrong key (case 26)', () => {
    const s = new Scenario();
    expect(s.unlock('unknown', 1)).toBe(Refusals.lockDoesNotExist);
    expect(s.unlock('', 1)).toBe(Refusals.lockDoesNotExist);
  });

  it('refuses a key for the second time, and that of a waiter (case 27)', () => {
    const s = new Scenario();
    const call = s.lock('a');
    const waiter = s.lock('a');
    expect(s.unlock('a', waiter)).toBe(Refusals.invalidKey);
    s.unlock('a', call);
    expect(s.unlock('a', call)).toBe(Refusals.invalidKey);
    expect(s.counters.holders).toBe(1);
  });

  it('does not split name and key anywhere else (case 60)', () => {
    const s = new Scenario();
    const call = s.lock('xy', { lockTimeoutMs: 1000 });
    expect(s.renew('x', call, 60_000)).toBe(Refusals.invalidKeyOnRenew);
    expect(s.unlock('x', call)).toBe(Refusals.lockDoesNotExist);
    s.pass(1000);
    expect(s.counters).toMatchObject({ holders: 0, expiries: 1 });
  });

  it('finds each key of a lock with many holders, in any order', () => {
    const s = new Scenario();
    const size = 1000;
    const calls = Array.from({ length: size }, () => s.lock('a', { size }));
    const others = Array.from({ length: 20 }, () => s.lock('b', { size: 20 }));
    s.pass(0);
    expect(s.unlock('b', calls[0]!)).toBe(Refusals.invalidKey);
    for (let i = 0; i < size; i++) expect(s.unlock('a', calls[(i * 7) % size]!)).toBe(null);
    for (const call of others) expect(s.unlock('b', call)).toBe(null);
    s.pass(0);
    expect(s.counters).toMatchObject({ holders: 0, unlocks: size + 20 });
    expect(s.unlock('a', s.lock('a', { size }))).toBe(null);
  });
});
