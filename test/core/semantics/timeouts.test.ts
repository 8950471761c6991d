import { describe, expect, it } from 'vitest';
import { Refusals } from '../../../src/contract/refusal.ts';
import { Scenario } from '../scenario.ts';

const DAY_MS = 86_400_000;

describe('lock timeouts', () => {
  it('free the lock for the next one, exactly in time (case 31)', () => {
    const s = new Scenario();
    s.lock('a', { lockTimeoutMs: 1000 });
    const waiter = s.lock('a', { session: 2 });
    expect(s.core.nextWakeMs()).toBe(1000);
    s.pass(999.9);
    expect(s.answer(waiter)).toBe('waits');
    s.pass(0.1);
    expect(s.isGranted(waiter)).toBe(true);
    expect(s.core.nextWakeMs()).toBe(1_800_000);
  });

  it('count from the grant, not from the request', () => {
    const s = new Scenario();
    const holder = s.lock('a');
    const waiter = s.lock('a', { lockTimeoutMs: 1000 });
    s.pass(5000);
    s.unlock('a', holder);
    s.pass(999);
    expect(s.counters.holders).toBe(1);
    s.pass(1);
    expect(s.unlock('a', waiter)).toBe(Refusals.invalidKey);
  });

  it('end the key: Unlock and Renew are refused afterwards (cases 32, 33)', () => {
    const s = new Scenario();
    const call = s.lock('a', { lockTimeoutMs: 1000 });
    // Nobody has woken the core, but the time is over all the same.
    s.nowMs = 1000;
    expect(s.renew('a', call, 1000)).toBe(Refusals.invalidKeyOnRenew);
    expect(s.unlock('a', call)).toBe(Refusals.invalidKey);
    expect(s.counters).toMatchObject({ expiries: 1, holders: 0 });
  });

  it('end the key even while a slice of other work is in front', () => {
    const s = new Scenario({ sliceCount: 1 });
    s.lock('a', { lockTimeoutMs: 10 });
    const renewed = s.lock('b', { lockTimeoutMs: 20 });
    s.lock('c', { lockTimeoutMs: 10 });
    const unlocked = s.lock('d', { lockTimeoutMs: 20 });
    s.nowMs = 20;
    expect(s.renew('b', renewed, 1000)).toBe(Refusals.invalidKeyOnRenew);
    expect(s.unlock('d', unlocked)).toBe(Refusals.invalidKey);
  });

  it('do not exist when absent or 0 (cases 40, 41)', () => {
    const s = new Scenario();
    s.lock('a', { lockTimeoutMs: 0 });
    s.pass(DAY_MS);
    expect(s.counters.holders).toBe(1);
  });

  it('may be as long as they like', () => {
    const s = new Scenario();
    s.lock('a', { lockTimeoutMs: 2 ** 63 });
    s.pass(DAY_MS);
    expect(s.counters.holders).toBe(1);
  });
});

describe('renewing', () => {
  it('extends from now (case 38) and shortens (case 39)', () => {
    const s = new Scenario();
    const longer = s.lock('longer', { lockTimeoutMs: 1000 });
    const shorter = s.lock('shorter', { lockTimeoutMs: 10_000 });
    s.pass(500);
    expect(s.renew('longer', longer, 3000)).toBe(null);
    expect(s.renew('shorter', shorter, 1000)).toBe(null);
    s.pass(1500);
    expect(s.answer(s.tryLock('longer'))).toBe(null);
    expect(s.isGranted(s.tryLock('shorter'))).toBe(true);
    s.pass(1500);
    expect(s.isGranted(s.tryLock('longer'))).toBe(true);
  });

  it('refuses a wrong key, an unknown name and a lock without timeout (cases 34, 35)', () => {
    const s = new Scenario();
    const untimed = s.lock('a');
    expect(s.renew('a', untimed + 1, 1000)).toBe(Refusals.invalidKeyOnRenew);
    expect(s.renew('unknown', untimed, 1000)).toBe(Refusals.invalidKeyOnRenew);
    expect(s.renew('', untimed, 1000)).toBe(Refusals.invalidKeyOnRenew);
    expect(s.renew('a', untimed, 1000)).toBe(Refusals.invalidKeyOnRenew);
  });

  it('refuses a timeout of 0 or less (case 36)', () => {
    const s = new Scenario();
    const call = s.lock('a', { lockTimeoutMs: 1000 });
    for (const timeoutMs of [0, -1]) expect(s.renew('a', call, timeoutMs)).toBe(Refusals.lockTimeoutNegative);
    s.pass(1000);
    expect(s.counters.expiries).toBe(1);
  });

  it('needs nothing but the key: not the session (case 37)', () => {
    const s = new Scenario();
    const call = s.lock('a', { lockTimeoutMs: 1000, session: 5 });
    s.renew('a', call, 5000);
    s.endSession(5);
    expect(s.counters.holders).toBe(0);
  });
});
