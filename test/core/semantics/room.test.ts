import { describe, expect, it } from 'vitest';
import { Limits } from '../../../src/base/limits.ts';
import { Refusals } from '../../../src/contract/refusal.ts';
import { LockCore } from '../../../src/core/lock-core.ts';
import { Scenario } from '../scenario.ts';

describe('the number of locks', () => {
  it('is bounded: one more is refused while all are held, and a held one stays as it is', () => {
    const s = new Scenario({ locksMax: 3 });
    const held = ['a', 'b', 'c'].map((name) => s.lock(name));
    expect(s.answer(s.lock('d'))).toBe(Refusals.tooManyLocks);
    expect(s.answer(s.tryLock('a', { session: 2 }))).toBeNull();
    expect(s.unlock('b', held[1]!)).toBeNull();
    expect(s.isGranted(s.lock('d'))).toBe(true);
  });

  it('makes room by forgetting idle locks before their time, never one that is held or waited for', () => {
    const s = new Scenario({ locksMax: 4 });
    const waitedFor = s.lock('waited for');
    s.lock('waited for', { session: 2 });
    s.lock('held');
    for (let i = 0; i < 100; i++) {
      const call = s.lock(`idle ${i}`);
      expect(s.isGranted(call)).toBe(true);
      s.unlock(`idle ${i}`, call);
    }
    expect(s.counters).toMatchObject({ locks: 4, holders: 2, waiters: 1 });
    expect(s.unlock('waited for', waitedFor)).toBeNull();
    s.pass(0);
  });

  it('looks at no more than a slice of them for one call', () => {
    const s = new Scenario({ locksMax: 8, sliceCount: 2 });
    for (let i = 0; i < 7; i++) s.lock(`held ${i}`);
    s.unlock('last', s.lock('last'));
    const answers = [1, 2, 3, 4].map((i) => s.answer(s.lock(`new ${i}`)));
    expect(answers.slice(0, 3)).toEqual(Array(3).fill(Refusals.tooManyLocks));
    expect(answers[3]).toBe('granted');
  });

  it('is bounded by the bytes of their names, too', () => {
    const s = new Scenario({ textBytesMax: 10 });
    expect(s.isGranted(s.lock('12345'))).toBe(true);
    expect(s.isGranted(s.lock('67890'))).toBe(true);
    expect(s.answer(s.lock('x'))).toBe(Refusals.tooManyLocks);
  });
});

describe('the number of holders and waiters', () => {
  it('is bounded: one more is refused, and one fewer makes room', () => {
    const s = new Scenario({ claimsMax: 3 });
    const first = s.lock('a', { size: 2 });
    s.lock('a', { size: 2 });
    const waiter = s.lock('a', { size: 2 });
    expect(s.answer(waiter)).toBe('waits');
    expect(s.answer(s.lock('b'))).toBe(Refusals.tooManyClaims);
    expect(s.answer(s.lock('a', { size: 2 }))).toBe(Refusals.tooManyClaims);
    expect(s.answer(s.tryLock('a', { size: 2 }))).toBeNull();
    expect(s.counters.locks).toBe(1);
    expect(s.unlock('a', first)).toBeNull();
    expect(s.isGranted(waiter)).toBe(true);
    expect(s.isGranted(s.lock('b'))).toBe(true);
  });
});

describe('the bytes of text', () => {
  const requestId = 'request-1';
  const keyBytes = 1 + requestId.length + 1;

  it('are bounded for holder texts and request ids, too', () => {
    const s = new Scenario({ textBytesMax: 1 + 5 + keyBytes });
    const first = s.lock('a', { size: 9, holder: '12345', requestId });
    expect(s.isGranted(first)).toBe(true);
    expect(s.answer(s.lock('a', { size: 9, holder: '1' }))).toBe(Refusals.tooManyClaims);
    expect(s.answer(s.lock('a', { size: 9, requestId: 'request-2' }))).toBe(Refusals.tooManyClaims);
    expect(s.isGranted(s.lock('a', { size: 9 }))).toBe(true);
    expect(s.isGranted(s.lock('a', { size: 9, requestId }))).toBe(true);
    s.pass(0);
  });

  it('make room by forgetting released ids, oldest first, then idle locks but not the one that is asked for', () => {
    const s = new Scenario({ textBytesMax: 2 + 2 * keyBytes });
    s.unlock('b', s.lock('b'));
    for (const id of ['request-1', 'request-2']) {
      expect(s.unlock('a', s.lock('a', { requestId: id }))).toBeNull();
    }
    expect(s.isGranted(s.lock('a', { requestId: 'request-3' }))).toBe(true);
    expect(s.answer(s.lock('a', { requestId: 'request-2' }))).toBe(Refusals.requestReleased);
    s.endSession(1);
    expect(s.isGranted(s.lock('a', { session: 2, holder: 'x'.repeat(2 * keyBytes + 1) }))).toBe(true);
    expect(s.counters).toMatchObject({ locks: 1, collections: 1 });
    s.endSession(2);
    expect(s.answer(s.lock('a', { session: 3, holder: 'x'.repeat(2 * keyBytes + 2) }))).toBe(
      Refusals.tooManyClaims,
    );
    s.pass(0);
  });

  it('stay small for waiters with long names', () => {
    const s = new Scenario();
    const name = 'n'.repeat(Limits.nameBytesMax);
    for (let i = 0; i < 100; i++) s.lock(name, { requestId: `request-${i}` });
    expect(LockCore.stateOf(s.core).texts.bytes).toBeLessThan(name.length + 100 * 64);
    s.endSession(1);
    s.pass(Limits.requestMemoryMs);
    expect(LockCore.stateOf(s.core).texts.bytes).toBe(name.length);
  });
});
