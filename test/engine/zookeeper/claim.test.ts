import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LockCommand } from '../../../src/core/command.ts';
import { FencingToken } from '../../../src/core/sink.ts';
import { Claim, keyOfRequest, keyTextOf, readToken } from '../../../src/engine/zookeeper/claim.ts';
import { LockPaths } from '../../../src/engine/zookeeper/lock-place.ts';

const UUID_V4 = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const KEY = { a: 0x01234567, b: 0x89ab4cde, c: -0x70000001, d: -1 };
const KEY_TEXT = '01234567-89ab-4cde-8fff-ffffffffffff';
const NEVER = Number.POSITIVE_INFINITY;

function claimOf(fields: Partial<LockCommand> = {}, nowMs = 1_000): Claim {
  const command = Object.assign(new LockCommand(), { name: 'a' }, fields);
  Object.assign(command.key, KEY);
  return new Claim(command, new LockPaths().placeOf('a'), nowMs);
}

describe('a claim', () => {
  it('copies its command, which is used again', () => {
    const command = Object.assign(new LockCommand(), { name: 'a', size: 3, mode: 1, holder: 'h' });
    Object.assign(command.key, KEY);
    Object.assign(command.origin, { session: 4, route: 5, call: 6, method: 1, form: 2 });
    const claim = new Claim(command, new LockPaths().placeOf('a'), 1_000);
    Object.assign(command, { size: 1, mode: 0, holder: '' });
    Object.assign(command.key, { a: 0, b: 0, c: 0, d: 0 });
    Object.assign(command.origin, { session: 0, route: 0, call: 0, method: 0, form: 0 });
    expect(claim).toMatchObject({
      ...{ size: 3, mode: 1, holder: 'h', state: 'waiting', askedMs: 1_000, key: KEY_TEXT },
      origin: { session: 4, route: 5, call: 6, method: 1, form: 2 },
    });
    expect(keyTextOf(claim.lockKey)).toBe(KEY_TEXT);
  });

  it('has the key of its request where that has an id, in both forms', () => {
    const claim = claimOf({ requestId: 'request-1' });
    expect(claim.key).toBe(keyOfRequest('a', 'request-1'));
    expect(keyTextOf(claim.lockKey)).toBe(claim.key);
    expect(claim.key).not.toBe(KEY_TEXT);
  });

  it.each<[what: string, fields: Partial<LockCommand>, deadlineMs: number, endsWithCaller: boolean]>([
    ['without any limit', {}, NEVER, false],
    ['as long as its wait timeout says', { waitTimeoutMs: 50 }, 1_050, false],
    ['as long as its caller does', { deadlineMs: 1_020 }, 1_020, true],
    ['up to the earlier of both, the timeout', { waitTimeoutMs: 50, deadlineMs: 1_060 }, 1_050, false],
    ['up to the earlier of both, the deadline', { waitTimeoutMs: 50, deadlineMs: 1_040 }, 1_040, true],
    ['up to its timeout when both are the same', { waitTimeoutMs: 50, deadlineMs: 1_050 }, 1_050, false],
    ['without its timeout when it only tries', { waitTimeoutMs: 50, tryOnly: true }, NEVER, false],
  ])('waits %s', (_what, fields, deadlineMs, endsWithCaller) => {
    expect(claimOf(fields)).toMatchObject({ deadlineMs, endsWithCaller });
  });

  it('is held for its timeout, from the time that is said', () => {
    const claim = claimOf({ lockTimeoutMs: 10, waitTimeoutMs: 5 });
    claim.setLease(claim.lockTimeoutMs, 2_000);
    expect(claim.deadlineMs).toBe(2_010);
    claim.setLease(70, 2_005);
    expect(claim).toMatchObject({ deadlineMs: 2_075, lockTimeoutMs: 70 });
    claim.setLease(0, 2_006);
    expect(claim.deadlineMs).toBe(NEVER);
  });
});

describe('the key of a request', () => {
  const bytes = fc.uint8Array({ maxLength: 64 }).map((array) => Buffer.from(array).toString('latin1'));

  it('has the form of a random one, and is the same each time', () => {
    fc.assert(
      fc.property(bytes, bytes, (name, id) => {
        expect(keyOfRequest(name, id)).toMatch(UUID_V4);
        expect(keyOfRequest(name, id)).toBe(keyOfRequest(name, id));
      }),
    );
  });

  it('is another one for another name or id, also where both are the same text together', () => {
    fc.assert(
      fc.property(bytes, bytes, fc.nat({ max: 64 }), (name, id, at) => {
        const text = name + id;
        const [otherName, otherId] = [text.slice(0, at), text.slice(at)];
        fc.pre(otherName !== name);
        expect(keyOfRequest(otherName, otherId)).not.toBe(keyOfRequest(name, id));
      }),
    );
  });

  it('is the same with all servers of all versions', () => {
    // Servers of two versions run side by side while one takes the place of the other.
    expect(keyOfRequest('a', 'request-1')).toBe('74bdf18e-f618-4a4b-8597-92b4d01fa4d2');
  });
});

describe('the token of a grant', () => {
  it('is the number of the transaction, in two halves', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 1n, max: 2n ** 63n - 1n }), (czxid) => {
        const { high, low } = readToken({ czxid }, new FencingToken());
        expect((BigInt(high) << 32n) + BigInt(low)).toBe(czxid);
        for (const half of [high, low]) {
          expect(half).toBeGreaterThanOrEqual(0);
          expect(half).toBeLessThan(2 ** 32);
        }
      }),
    );
  });
});
