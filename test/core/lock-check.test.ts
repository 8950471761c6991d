import { describe, expect, it } from 'vitest';
import { Limits } from '../../src/base/limits.ts';
import { Refusals } from '../../src/contract/refusal.ts';
import { LockCommand, RenewCommand, UnlockCommand } from '../../src/core/command.ts';
import { checkLock, checkRenew, checkUnlock } from '../../src/core/lock-check.ts';

/** Every flaw of a Lock in the order in which they are told. */
const LOCK_FLAWS: [keyof typeof Refusals, Partial<LockCommand>][] = [
  ['lockTimeoutNegative', { lockTimeoutMs: -1 }],
  ['waitTimeoutNegative', { waitTimeoutMs: -1 }],
  ['nameEmpty', { name: '' }],
  ['sizeInvalid', { size: 0 }],
  ['permitsExceedSize', { permits: 2 }],
  ['modeUnknown', { mode: 2 }],
  ['holderTooLong', { holder: 'h'.repeat(Limits.holderBytesMax + 1) }],
  ['requestIdLength', { requestId: 'seven77' }],
];

function lockWith(...flaws: Partial<LockCommand>[]): LockCommand {
  return Object.assign(new LockCommand(), { name: 'a' }, ...flaws) as LockCommand;
}

describe('checkLock', () => {
  it('finds nothing wrong with a plain call', () => {
    expect(checkLock(lockWith())).toBe(null);
  });

  for (const [name, flaw] of LOCK_FLAWS) {
    it(`tells ${name} (cases 5, 6, 8, 11)`, () => expect(checkLock(lockWith(flaw))).toBe(Refusals[name]));
  }

  it('tells the first flaw of several (cases 7, 9, 10)', () => {
    for (let first = 0; first < LOCK_FLAWS.length; first++) {
      // Permits above the size are a matter of both, so a valid size is put back behind its own flaw.
      const flaws = LOCK_FLAWS.slice(first).map(([, flaw]) => flaw);
      expect(checkLock(lockWith(...flaws))).toBe(Refusals[LOCK_FLAWS[first]![0]]);
    }
  });

  it('takes absent permits and any permits up to the size', () => {
    expect(checkLock(lockWith({ size: 3, permits: 0 }))).toBe(null);
    expect(checkLock(lockWith({ size: 3, permits: 3 }))).toBe(null);
    expect(checkLock(lockWith({ size: 3, permits: 4 }))).toBe(Refusals.permitsExceedSize);
    expect(checkLock(lockWith({ size: 2 ** 31 - 1, permits: 2 ** 32 - 1 }))).toBe(Refusals.permitsExceedSize);
  });

  it('shares locks of size 1 only', () => {
    expect(checkLock(lockWith({ mode: 1 }))).toBe(null);
    expect(checkLock(lockWith({ mode: 1, permits: 1 }))).toBe(null);
    expect(checkLock(lockWith({ mode: 1, size: 2 }))).toBe(Refusals.sharedWithSize);
    expect(checkLock(lockWith({ mode: -1 }))).toBe(Refusals.modeUnknown);
  });

  it('takes lengths up to their limits and not beyond', () => {
    expect(checkLock(lockWith({ name: 'n'.repeat(Limits.nameBytesMax) }))).toBe(null);
    expect(checkLock(lockWith({ name: 'n'.repeat(Limits.nameBytesMax + 1) }))).toBe(Refusals.nameTooLong);
    expect(checkLock(lockWith({ holder: 'h'.repeat(Limits.holderBytesMax) }))).toBe(null);
    for (const [bytes, isRight] of [
      [1, false],
      [7, false],
      [8, true],
      [64, true],
      [65, false],
    ] as const) {
      const refusal = checkLock(lockWith({ requestId: 'r'.repeat(bytes) }));
      expect(refusal).toBe(isRight ? null : Refusals.requestIdLength);
    }
  });
});

describe('checkUnlock', () => {
  it('takes lengths up to their limits and not beyond', () => {
    const unlock = new UnlockCommand();
    expect(checkUnlock(unlock)).toBe(null);
    expect(checkUnlock(Object.assign(unlock, { keyBytes: Limits.keyBytesMax }))).toBe(null);
    expect(checkUnlock(Object.assign(unlock, { requestId: 'short' }))).toBe(Refusals.requestIdLength);
    expect(checkUnlock(Object.assign(unlock, { keyBytes: Limits.keyBytesMax + 1 }))).toBe(
      Refusals.keyTooLong,
    );
    expect(checkUnlock(Object.assign(unlock, { name: 'n'.repeat(Limits.nameBytesMax + 1) }))).toBe(
      Refusals.nameTooLong,
    );
  });
});

describe('checkRenew', () => {
  it('wants a timeout above 0 first (case 36), then lengths within their limits', () => {
    const renew = new RenewCommand();
    const tooLong = { name: 'n'.repeat(Limits.nameBytesMax + 1), keyBytes: Limits.keyBytesMax + 1 };
    expect(checkRenew(Object.assign(renew, tooLong))).toBe(Refusals.lockTimeoutNegative);
    expect(checkRenew(Object.assign(renew, { lockTimeoutMs: 1 }))).toBe(Refusals.nameTooLong);
    expect(checkRenew(Object.assign(renew, { name: 'a' }))).toBe(Refusals.keyTooLong);
    expect(checkRenew(Object.assign(renew, { keyBytes: Limits.keyBytesMax }))).toBe(null);
  });
});
