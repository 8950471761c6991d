import { describe, expect, it } from 'vitest';
import { LockMode } from '../../src/contract/lock-mode.ts';
import { Method } from '../../src/contract/method.ts';
import { ClaimTable } from '../../src/core/claim-table.ts';
import { LockCommand } from '../../src/core/command.ts';
import { LockKey } from '../../src/core/lock-key.ts';
import { Origin } from '../../src/core/origin.ts';
import { FencingToken } from '../../src/core/sink.ts';

const LARGEST = 0xffff_ffff;

function commandOf(number: number): LockCommand {
  const command = new LockCommand();
  const shared = number % 2 === 1;
  Object.assign(command, {
    mode: shared ? LockMode.Shared : LockMode.Exclusive,
    permits: shared ? 0 : number,
  });
  Object.assign(command, {
    lockTimeoutMs: number * 1e12,
    holder: number % 3 === 0 ? `holder ${number}` : '',
  });
  Object.assign(command.origin, { route: LARGEST - number, call: LARGEST - 2 * number, form: number % 256 });
  Object.assign(command.key, { a: number, b: -number, c: LARGEST - number, d: 0x8000_0000 });
  return command;
}

describe('ClaimTable', () => {
  it('keeps every field of every claim apart, over several pages', () => {
    const claims = new ClaimTable();
    const count = 10_000;
    for (let i = 1; i <= count; i++) expect(claims.open(commandOf(i), i * 3, i + 0.5)).toBe(i);
    const origin = new Origin();
    for (let i = 1; i <= count; i += 7) {
      const command = commandOf(i);
      claims.readOrigin(i, origin);
      // Only Lock waits, so the method is not kept.
      expect({ ...origin, session: 0 }).toEqual({ ...command.origin, session: 0, method: Method.Lock });
      expect(claims.call(i)).toBe(command.origin.call);
      expect(claims.keyEquals(i, command.key)).toBe(true);
      expect(claims.keyEquals(i, commandOf(i + 1).key)).toBe(false);
      expect([claims.lock(i), claims.isShared(i), claims.permits(i)]).toEqual([
        i * 3,
        i % 2 === 1,
        i % 2 === 1 ? 1 : i,
      ]);
      expect([claims.lockTimeoutMs(i), claims.sinceMs(i)]).toEqual([i * 1e12, i + 0.5]);
      expect([claims.holder(i), claims.isHolding(i), claims.session(i)]).toEqual([command.holder, false, 0]);
    }
  });

  it('tells keys apart by each of their words, signed or not', () => {
    const claims = new ClaimTable();
    const claim = claims.open(commandOf(5), 1, 0);
    const key = new LockKey();
    claims.readKey(claim, key);
    expect(claims.keyEquals(claim, key)).toBe(true);
    for (const word of ['a', 'b', 'c', 'd'] as const) {
      expect(claims.keyEquals(claim, { ...key, [word]: key[word] ^ 1 })).toBe(false);
      expect(claims.keyEquals(claim, { ...key, [word]: key[word] >>> 0 })).toBe(true);
    }
  });

  it('gives a holder its token in place of the route, leaves it its call, and nothing of a closed claim to the next', () => {
    const claims = new ClaimTable();
    const claim = claims.open(commandOf(6), 1, 10);
    claims.setCallerDeadline(claim, true);
    claims.hold(claim, 0, Object.assign(new FencingToken(), { high: 3, low: LARGEST }), 20);
    const token = new FencingToken();
    claims.readToken(claim, token);
    expect({ ...token }).toEqual({ high: 3, low: LARGEST });
    expect(claims.call(claim)).toBe(LARGEST - 12);
    claims.shareByCalls(claim);
    expect([claims.isHolding(claim), claims.sinceMs(claim), claims.holder(claim)]).toEqual([
      true,
      20,
      'holder 6',
    ]);
    claims.close(claim);
    expect(claims.isOpen(claim)).toBe(false);
    expect(claims.open(commandOf(2), 1, 30)).toBe(claim);
    expect([claims.isHolding(claim), claims.isCallerDeadline(claim), claims.holder(claim)]).toEqual([
      false,
      false,
      '',
    ]);
    expect([claims.hasRequest(claim), claims.isSharedByCalls(claim)]).toEqual([false, false]);
  });
});
