import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { LeaseGuard } from '../../../../src/cli/lock/run/lease-guard.ts';

const TIMEOUT_MS = 6_000;

/** A lock whose lease was renewed at `renewedMs` of the faked clock, and what the guard has done when. */
function openGuard(killAfterMs: number | null = null, timeoutMs = TIMEOUT_MS) {
  const began = Date.now();
  const acts: [act: string, atMs: number][] = [];
  const act = (what: string) => () => void acts.push([what, Date.now() - began]);
  const controller = new AbortController();
  const lock = {
    renewedMs: 0,
    locked: true,
    signal: controller.signal,
    leaseMs: timeoutMs === 0 ? null : timeoutMs,
    get remainingMs() {
      return lock.leaseMs === null ? null : Math.max(0, lock.renewedMs + lock.leaseMs - (Date.now() - began));
    },
  };
  const options = { killAfterMs, terminate: act('terminate'), kill: act('kill') };
  const guard = new LeaseGuard(lock, options);
  return { guard, lock, acts, lose: () => controller.abort() };
}

describe('the guard of a lease', () => {
  beforeEach(() => void vi.useFakeTimers({ now: 1_000_000 }));
  afterEach(() => void vi.useRealTimers());

  it('asks at 2/3 of the timeout, and makes sure at 5/6', () => {
    const { guard, acts } = openGuard();
    vi.advanceTimersByTime(20_000);
    expect(acts).toEqual([
      ['terminate', 4_000],
      ['kill', 5_000],
    ]);
    expect(guard.hasActed).toBe(true);
  });

  it('counts from the last answered renewal', () => {
    const { lock, acts, guard } = openGuard();
    for (let at = 2_000; at <= 10_000; at += 2_000) {
      vi.advanceTimersByTime(2_000);
      lock.renewedMs = at;
    }
    expect([acts, guard.hasActed]).toEqual([[], false]);
    vi.advanceTimersByTime(20_000);
    expect(acts).toEqual([
      ['terminate', 14_000],
      ['kill', 15_000],
    ]);
  });

  it('goes by how long the last answer is good', () => {
    const { lock, acts } = openGuard(null, 9_000);
    vi.advanceTimersByTime(2_000);
    lock.renewedMs = 2_000;
    lock.leaseMs = 6_000;
    vi.advanceTimersByTime(20_000);
    expect(acts).toEqual([
      ['terminate', 6_000],
      ['kill', 7_000],
    ]);
  });

  it('sees when it is asked that a timer is late, because its process was stopped', () => {
    const { guard, acts } = openGuard();
    guard.look();
    vi.setSystemTime(1_000_000 + 3_999);
    guard.look();
    expect(acts).toEqual([]);
    vi.setSystemTime(1_000_000 + 6_000);
    guard.look();
    expect(acts).toEqual([
      ['terminate', 6_000],
      ['kill', 6_000],
    ]);
    const asked = openGuard();
    vi.advanceTimersByTime(4_500);
    asked.guard.look();
    expect(asked.acts).toEqual([['terminate', 4_000]]);
  });

  it('makes sure earlier where it is told to, but not later', () => {
    const early = openGuard(300);
    const late = openGuard(60_000);
    vi.advanceTimersByTime(20_000);
    expect(early.acts[1]).toEqual(['kill', 4_300]);
    expect(late.acts[1]).toEqual(['kill', 5_000]);
  });

  it('acts at once when the lock is lost', () => {
    const { acts, lock, lose } = openGuard();
    vi.advanceTimersByTime(1_000);
    lose();
    lock.renewedMs = 9_000;
    vi.advanceTimersByTime(20_000);
    expect(acts[0]).toEqual(['terminate', 1_000]);
    expect(acts).toHaveLength(2);
  });

  it('acts when nobody can say for a while whether the lock is held', () => {
    const { acts, lock } = openGuard();
    vi.advanceTimersByTime(500);
    lock.locked = false;
    vi.advanceTimersByTime(800);
    lock.locked = true;
    lock.renewedMs = 1_200;
    vi.advanceTimersByTime(800);
    expect(acts).toEqual([]);
    lock.locked = false;
    vi.advanceTimersByTime(1_200);
    expect(acts).toEqual([['terminate', 3_200]]);
  });

  it('gives a command without a timeout five seconds to end', () => {
    const { acts, lose } = openGuard(null, 0);
    vi.advanceTimersByTime(100_000);
    expect(acts).toEqual([]);
    lose();
    vi.advanceTimersByTime(20_000);
    expect(acts).toEqual([
      ['terminate', 100_000],
      ['kill', 105_000],
    ]);
  });

  it('does nothing any more once it is closed', () => {
    const { acts, guard, lose } = openGuard();
    guard.close();
    lose();
    vi.advanceTimersByTime(20_000);
    expect(acts).toEqual([]);
  });
});
