import { describe, expect, it } from 'vitest';
import { Limits } from '../../../src/base/limits.ts';
import { LockMode } from '../../../src/contract/lock-mode.ts';
import { ClaimView } from '../../../src/core/claim-view.ts';
import type { ClaimRow, LockRow } from '../../../src/shard/inspection/inspect-reply.ts';
import { claimText, jsonOf, keyTextOf, RowText } from '../../../src/shard/inspection/row-text.ts';
import { openState } from '../../core/open-state.ts';

function open() {
  const opened = openState();
  const rows = new RowText(opened.state);
  const lockOf = (claim: number, withWaiters = true): LockRow =>
    JSON.parse(rows.lock(opened.state.claims.lock(claim), withWaiters)) as LockRow;
  const claimOf = (claim: number): ClaimRow => JSON.parse(rows.claim(claim)) as ClaimRow;
  return { ...opened, rows, lockOf, claimOf };
}

const byteString = (text: string): string => Buffer.from(text).toString('latin1');

describe('a byte string as JSON', () => {
  it.each([
    ['plain', 'ASCII'],
    ['ключ', 'more than ASCII'],
    ['\u007f\u0080', 'the last that is ASCII and the first that is not'],
    ['"\\\n\u0000\u2028', 'what JSON escapes'],
    ['\u{1f512}', 'what takes two characters'],
    ['', 'nothing'],
  ])('is the text that it stands for: %j, %s', (text) => {
    expect(JSON.parse(jsonOf(byteString(text)))).toBe(text);
  });
});

describe('a claim as JSON', () => {
  it('says of a holder all there is, times rounded to milliseconds', () => {
    const { state, hold, claimOf } = open();
    const holder = byteString('ich "selbst"');
    const claim = hold('a', 7, { size: 3, permits: 2, holder, lockTimeoutMs: 1_000.4 });
    const row = claimOf(claim);
    expect(row).toEqual([
      ...[claim, state.claims.generation(claim), 7, 'ich "selbst"', 0, 2, 0, 1_000],
      ...['00000007-ffff-ffff-0000-000200000003', expect.any(Number), String(100n * 2n ** 32n + 1n)],
    ]);
    expect(row[9]).toBeCloseTo(1_000.4);
  });

  it('says of a waiter no key, no timeout of the lock and no token', () => {
    const { hold, enqueue, claimOf } = open();
    hold('a', 1);
    const claim = enqueue('a', 2, { mode: LockMode.Shared, lockTimeoutMs: 9, waitTimeoutMs: 70.6 });
    expect(claimOf(claim).slice(2)).toEqual([2, '', 1, 1, 0, 71, '', 0, '']);
  });

  it('has no deadline where there is none', () => {
    const { hold, claimOf } = open();
    expect(claimOf(hold('a', 1))[7]).toBeNull();
  });

  it('goes by its own generation, so that it is not taken for another one in the same row', () => {
    const { state, hold, claimOf } = open();
    const first = claimOf(hold('a', 1));
    state.unlock(first[0], 0);
    const second = claimOf(hold('a', 1));
    expect(second[0]).toBe(first[0]);
    expect(second[1]).not.toBe(first[1]);
  });

  it('is the same wherever the claim is seen', () => {
    const { state, rows, hold } = open();
    const claim = hold('a', 1);
    const view = new ClaimView(state).at(claim);
    expect(claimText(view)).toBe(rows.claim(claim));
    expect(keyTextOf(view)).toBe('00000001-ffff-ffff-0000-000200000003');
  });
});

describe('a lock as JSON', () => {
  it('lists holders in the order of their grants and waiters in that of their turns', () => {
    const { hold, enqueue, lockOf } = open();
    const name = byteString('schlüssel');
    const first = hold(name, 1, { size: 3 });
    for (const session of [2, 3]) hold(name, session);
    for (const session of [4, 5]) enqueue(name, session);
    const [shown, size, holderCount, waiterCount, holders, waiters] = lockOf(first);
    expect([shown, size, holderCount, waiterCount]).toEqual(['schlüssel', 3, 3, 2]);
    expect(holders.map(([, , session]) => session)).toEqual([1, 2, 3]);
    expect(waiters.map(([, , session]) => session)).toEqual([4, 5]);
  });

  it('leaves out who waits where nobody has asked for it, but not how many', () => {
    const { hold, enqueue, lockOf } = open();
    const first = hold('a', 1);
    enqueue('a', 2);
    const [, , , waiterCount, , waiters] = lockOf(first, false);
    expect([waiterCount, waiters]).toEqual([1, []]);
  });

  it(`lists at most ${Limits.listedClaimsMax} of either, of holders those that were granted last`, () => {
    const most = Limits.listedClaimsMax;
    for (const count of [most, most + 1]) {
      const { hold, enqueue, lockOf } = open();
      const first = hold('a', 1, { size: 1_000 });
      for (let session = 2; session <= count; session++) hold('a', session);
      for (let session = 1; session <= count; session++) enqueue('a', 1_000 + session);
      const [, , holderCount, waiterCount, holders, waiters] = lockOf(first);
      expect([holderCount, waiterCount, holders.length, waiters.length]).toEqual([count, count, most, most]);
      expect([holders[0]![2], holders.at(-1)![2]]).toEqual([count - most + 1, count]);
      expect([waiters[0]![2], waiters.at(-1)![2]]).toEqual([1_001, 1_000 + most]);
    }
  });
});
