import { describe, expect, it } from 'vitest';
import { LockMode } from '../../../src/contract/lock-mode.ts';
import { Refusals } from '../../../src/contract/refusal.ts';
import { Scenario } from '../scenario.ts';

describe('acquiring', () => {
  it('grants a free lock with the key of the call and the origin that asked (case 1)', () => {
    const s = new Scenario();
    const call = s.lock('a', { session: 2 ** 40 });
    expect(s.outcomesOf(call)).toEqual([
      {
        session: 2 ** 40,
        call,
        kind: 'granted',
        name: 'a',
        key: { a: call, b: 0x4000, c: -call, d: -1 },
        token: (100n << 32n) + 1n,
      },
    ]);
  });

  it('answers TryLock of a held lock without an error (cases 2, 42)', () => {
    const s = new Scenario();
    s.lock('a');
    expect(s.answer(s.tryLock('a', { session: 2 }))).toBe(null);
    expect(s.answer(s.tryLock('a'))).toBe(null);
  });

  it('grants as many as the size, to three TryLocks of size 2: true, true, false (case 17)', () => {
    const s = new Scenario();
    const calls = [1, 2, 3].map(() => s.tryLock('a', { size: 2 }));
    expect(calls.map((call) => s.answer(call))).toEqual(['granted', 'granted', null]);
  });

  it('accepts the largest size (case 18)', () => {
    const s = new Scenario();
    expect(s.isGranted(s.lock('a', { size: 2_147_483_647, permits: 2_147_483_647 }))).toBe(true);
    expect(s.answer(s.tryLock('a', { size: 2_147_483_647 }))).toBe(null);
  });

  it('refuses another size at once, waiting or not, held or not (cases 13-15, 19)', () => {
    const s = new Scenario();
    const held = s.lock('a');
    expect(s.answer(s.tryLock('a', { size: 2 }))).toBe(Refusals.sizeMismatch);
    expect(s.answer(s.lock('a', { size: 2, waitTimeoutMs: 3000 }))).toBe(Refusals.sizeMismatch);
    s.unlock('a', held);
    expect(s.answer(s.lock('a', { size: 2 }))).toBe(Refusals.sizeMismatch);
    s.lock('b', { size: 2 });
    expect(s.answer(s.lock('b'))).toBe(Refusals.sizeMismatch);
  });

  it('takes absent permits for one', () => {
    const s = new Scenario();
    const calls = [0, 1, 0].map((permits) => s.tryLock('a', { size: 2, permits }));
    expect(calls.map((call) => s.isGranted(call))).toEqual([true, true, false]);
  });

  it('grants permits as long as they fit', () => {
    const s = new Scenario();
    const three = s.lock('a', { size: 5, permits: 3 });
    expect(s.isGranted(s.lock('a', { size: 5, permits: 2 }))).toBe(true);
    expect(s.answer(s.tryLock('a', { size: 5 }))).toBe(null);
    s.unlock('a', three);
    expect(s.answer(s.tryLock('a', { size: 5, permits: 4 }))).toBe(null);
    expect(s.isGranted(s.tryLock('a', { size: 5, permits: 3 }))).toBe(true);
  });

  it('shares a lock among readers, and keeps writers out until the last has gone', () => {
    const s = new Scenario();
    const readers = [1, 2, 3].map(() => s.lock('a', { mode: LockMode.Shared }));
    expect(readers.every((call) => s.isGranted(call))).toBe(true);
    const writer = s.lock('a');
    for (const reader of readers) {
      expect(s.answer(writer)).toBe('waits');
      s.unlock('a', reader);
    }
    expect(s.isGranted(writer)).toBe(true);
    expect(s.answer(s.tryLock('a', { mode: LockMode.Shared }))).toBe(null);
  });

  it('grows tokens with every grant, and carries into the high word', () => {
    const s = new Scenario();
    const first = s.lock('a');
    s.unlock('a', first);
    expect(s.token(s.lock('a'))).toBe(s.token(first) + 1n);
  });
});
