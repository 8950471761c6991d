import { describe, expect, it } from 'vitest';
import { Refusals } from '../../src/contract/refusal.ts';
import { Scenario } from './scenario.ts';

const gc = { gcIntervalMs: 1000, gcMinIdleMs: 1000 };

describe('IdleCollector', () => {
  it('collects what is idle for longer than the least idle time, at the next sweep (cases 19, 20, 28)', () => {
    const s = new Scenario(gc);
    const call = s.lock('a');
    s.unlock('a', call);
    // At the first sweep it is idle for 1000 ms, which is not longer.
    s.pass(1999);
    expect(s.answer(s.lock('a', { size: 2 }))).toBe(Refusals.sizeMismatch);
    s.pass(1);
    expect(s.counters).toMatchObject({ locks: 0, collections: 1 });
    expect(s.unlock('a', call)).toBe(Refusals.lockDoesNotExist);
    expect(s.isGranted(s.lock('a', { size: 2 }))).toBe(true);
  });

  it('never collects what is held or waited for (case 21)', () => {
    const s = new Scenario(gc);
    s.lock('a');
    s.pass(60_000);
    expect(s.answer(s.lock('a', { size: 2 }))).toBe(Refusals.sizeMismatch);
    s.lock('a', { waitTimeoutMs: 90_000 });
    s.pass(60_000);
    expect(s.counters).toMatchObject({ locks: 1, waiters: 1 });
  });

  it('is not put off by attempts with another size (case 22)', () => {
    const s = new Scenario(gc);
    s.unlock('a', s.lock('a'));
    s.pass(1900);
    s.tryLock('a', { size: 2 });
    s.pass(100);
    expect(s.counters.locks).toBe(0);
  });

  it('is put off by Unlock, even with a wrong key (case 23), and by Lock (also one that fails)', () => {
    const s = new Scenario(gc);
    s.unlock('a', s.lock('a'));
    s.pass(1900);
    s.unlock('a', 77);
    s.pass(1099);
    expect(s.counters.locks).toBe(1);
    s.pass(1001);
    expect(s.counters.locks).toBe(0);
  });

  it('counts idle time from a release by timeout, too', () => {
    const s = new Scenario(gc);
    s.lock('a', { lockTimeoutMs: 2500 });
    s.pass(3000);
    expect(s.counters).toMatchObject({ holders: 0, locks: 1 });
    s.pass(1000);
    expect(s.counters.locks).toBe(0);
  });

  it('wakes for sweeps only while there are locks', () => {
    const s = new Scenario(gc);
    expect(s.core.nextWakeMs()).toBe(Number.POSITIVE_INFINITY);
    s.pass(2500);
    s.unlock('a', s.lock('a'));
    expect(s.core.nextWakeMs()).toBe(3000);
  });

  it('sweeps in slices, each lock once', () => {
    const s = new Scenario({ ...gc, sliceCount: 10 });
    for (let i = 0; i < 25; i++) s.unlock(`lock ${i}`, s.lock(`lock ${i}`));
    s.core.advance(2000);
    expect(s.counters.locks).toBe(15);
    expect(s.core.nextWakeMs()).toBe(0);
    s.core.advance(2000);
    expect(s.counters.locks).toBe(5);
    s.core.advance(2000);
    expect(s.counters.locks).toBe(0);
    expect(s.core.nextWakeMs()).toBe(Number.POSITIVE_INFINITY);
  });

  it('makes up for sweeps that were slept through by one', () => {
    const s = new Scenario(gc);
    s.lock('a');
    s.core.advance(10_500);
    expect(s.core.nextWakeMs()).toBe(11_000);
  });
});
