import { describe, expect, it } from 'vitest';
import { addressOf, claimantOf, heldFor, remainingOf, rowTexts } from '../../src/page/holder-text.ts';
import { holder, rowOf, waiter } from './claims.ts';

describe('the texts of a claim', () => {
  it('name the holder, or else its address, or that it is gone', () => {
    expect(claimantOf(waiter(1))).toBe('worker-1');
    expect(claimantOf(waiter(1, { holder: '' }))).toBe('10.0.0.1:5000');
    expect(claimantOf(waiter(1, { holder: '', address: '' }))).toBe('a session that has ended');
    expect(claimantOf(waiter(1, { holder: 'x'.repeat(300) })).length).toBe(161);
  });

  it('tell the address where it is not the name already', () => {
    expect(addressOf(waiter(1))).toBe('10.0.0.1:5000');
    expect(addressOf(waiter(1, { protocol: 'rest' }))).toBe('10.0.0.1:5000 over REST');
    expect(addressOf(waiter(1, { holder: '' }))).toBe('');
    expect(addressOf(waiter(1, { holder: '', protocol: 'rest' }))).toBe('over REST');
    expect(addressOf(waiter(1, { address: '' }))).toBe('its session has ended');
  });

  it('tell the time that is left', () => {
    expect(remainingOf(waiter(1), 0)).toBe('no limit');
    expect(remainingOf(waiter(1, { deadlineMs: 90_000 }), 30_000)).toBe('1 min 00 s');
  });

  it('tell what another server alone knows who has granted it', () => {
    const elsewhere = holder(1, { sinceMs: 1_000, isSinceAsked: true, lockTimeoutMs: 5_000 });
    expect([heldFor(elsewhere, 61_000), remainingOf(elsewhere, 0)]).toEqual(['<1 min 00 s', 'unknown']);
    expect(heldFor(holder(1, { sinceMs: 1_000 }), 61_000)).toBe('1 min 00 s');
    expect(remainingOf(holder(1), 0)).toBe('no limit');
  });
});

describe('the texts of a row', () => {
  it('are those of the oldest holder', () => {
    const first = holder(1, { sinceMs: 1_000, deadlineMs: 70_000, fencingToken: '42', key: 'abcdefgh' });
    expect(rowTexts(rowOf('jobs\n', [first], [waiter(2)]), 61_000)).toStrictEqual({
      name: 'jobs\\u{a}',
      holder: 'worker-1',
      address: '10.0.0.1:5000',
      mode: 'exclusive',
      permits: '1 of 1',
      age: '1 min 00 s',
      remaining: '9 s',
      token: '42',
      key: 'abcdefgh',
      waiters: '1',
    });
  });

  it('count the others', () => {
    const row = rowOf('a', [holder(1, { permits: 3 }), holder(2)], [], { size: 9, holderCount: 5 });
    expect(rowTexts(row, 0)).toMatchObject({ address: 'and 4 more', permits: '7 of 9' });
    const shared = rowOf('a', [holder(1, { mode: 'SHARED' })], [], { holderCount: 1_200 });
    expect(rowTexts(shared, 0)).toMatchObject({ mode: 'shared', permits: '1,200 ×' });
  });

  it('say so when nobody holds it, or nobody is known', () => {
    expect(rowTexts(rowOf('a', [], [waiter(1)]), 0)).toMatchObject({
      holder: 'nobody',
      permits: '0 of 1',
      age: '–',
      waiters: '1',
    });
    expect(rowTexts(rowOf('a', [], [], { holderCount: 12 }), 0)).toMatchObject({ holder: '12 holders' });
  });
});
