import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  decodeLockReply,
  decodeUnlockReply,
  encodeLock,
  encodeRenew,
  encodeTryLock,
  encodeUnlock,
} from '../../src/client/messages.ts';
import type { LockCall } from '../../src/client/transport.ts';
import { loadCoder, type ReplyMessage } from '../protocol/protobuf/ldlm-coder.ts';

const timeMs = fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 100_000 }), fc.maxSafeNat());
const text = fc.string({ unit: 'binary', maxLength: 300 });
const call: fc.Arbitrary<LockCall> = fc.record({
  name: text,
  size: fc.option(fc.integer({ min: 1, max: 2 ** 31 - 1 })),
  permits: fc.integer({ min: 1, max: 2 ** 31 - 1 }),
  shared: fc.boolean(),
  holder: text,
  lockTimeoutMs: timeMs,
  waitTimeoutMs: timeMs,
  requestId: fc.uint8Array({ minLength: 0, maxLength: 64 }),
});

const seconds = (ms: number): number => Math.min(Math.ceil(ms / 1000), 2 ** 31 - 1);
const claimOf = (lock: LockCall) => ({
  name: lock.name,
  holder: lock.holder,
  permits: lock.permits === 1 ? 0 : lock.permits,
  mode: lock.shared ? 1 : 0,
  request_id: Buffer.from(lock.requestId),
  ...(lock.size !== null && { size: lock.size }),
  ...(lock.lockTimeoutMs > 0 && {
    lock_timeout_seconds: seconds(lock.lockTimeoutMs),
    lock_timeout_ms: String(lock.lockTimeoutMs),
  }),
});

/** What a message means to those who know it, with the default of everything that is not optional. */
function meaningOf(method: 'Lock' | 'TryLock' | 'Unlock' | 'Renew', bytes: Buffer): object {
  const defaults =
    method === 'Lock' || method === 'TryLock'
      ? { name: '', holder: '', permits: 0, mode: 0, request_id: Buffer.alloc(0) }
      : {};
  return { ...defaults, ...loadCoder(method).requestDeserialize(bytes) };
}

describe('requests', () => {
  it('are what a library reads from the .proto file', () => {
    fc.assert(
      fc.property(call, (lock) => {
        const waits = lock.waitTimeoutMs > 0 && {
          wait_timeout_seconds: seconds(lock.waitTimeoutMs),
          wait_timeout_ms: String(lock.waitTimeoutMs),
        };
        expect(meaningOf('Lock', encodeLock(lock))).toEqual({ ...claimOf(lock), ...waits });
        expect(meaningOf('TryLock', encodeTryLock(lock))).toEqual(claimOf(lock));
      }),
      { numRuns: 200 },
    );
  });

  it('have nothing of one before that could not be written', () => {
    const good: LockCall = {
      ...{ name: 'b', size: null, permits: 1, shared: false, holder: '', lockTimeoutMs: 0, waitTimeoutMs: 0 },
      requestId: new Uint8Array(8),
    };
    const bad = { ...good, shared: true, size: 10, holder: 5 as unknown as string };
    expect(() => encodeLock(bad)).toThrow();
    expect(meaningOf('TryLock', encodeTryLock(good))).toEqual(claimOf(good));
  });

  it('to unlock and to renew have what they need', () => {
    const requestId = Buffer.from('0123456789');
    expect(meaningOf('Unlock', encodeUnlock({ name: 'ä', key: 'k', requestId: null }))).toEqual({
      name: 'ä',
      key: 'k',
    });
    expect(meaningOf('Unlock', encodeUnlock({ name: 'ä', key: '', requestId }))).toEqual({
      name: 'ä',
      request_id: requestId,
    });
    expect(meaningOf('Renew', encodeRenew({ name: 'ä', key: 'k', lockTimeoutMs: 1_001 }))).toEqual({
      name: 'ä',
      key: 'k',
      lock_timeout_seconds: 2,
      lock_timeout_ms: '1001',
    });
  });
});

describe('replies', () => {
  it('are read as a library reads them', () => {
    const reply = fc.record({
      locked: fc.boolean(),
      name: text,
      key: text,
      error: fc.record({ code: fc.integer({ min: 0, max: 7 }), message: text }),
      fencing_token: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map(String),
      certain_ms: fc.nat({ max: 2 ** 32 - 1 }),
    });
    fc.assert(
      fc.property(fc.record({ full: reply, hasError: fc.boolean() }), ({ full, hasError }) => {
        const { error, ...rest } = full;
        const message: ReplyMessage = hasError ? full : rest;
        expect(decodeLockReply(loadCoder('Lock').responseSerialize(message))).toEqual({
          locked: full.locked,
          key: full.key,
          fencingToken: BigInt(full.fencing_token),
          certainMs: full.certain_ms,
          error: hasError ? error : null,
        });
      }),
      { numRuns: 200 },
    );
    const unlocked = loadCoder('Unlock').responseSerialize({ unlocked: true, name: 'a' });
    expect(decodeUnlockReply(unlocked)).toEqual({ unlocked: true, error: null });
  });

  it.each(['0a0161', '0d00000000', '1801', 'c13e0102030405060708'])(
    'do not take a field of another kind for one of theirs: %s',
    (hex) => {
      const certainMs = Number.POSITIVE_INFINITY;
      const nothing = { locked: false, key: '', fencingToken: 0n, certainMs, error: null };
      expect(decodeLockReply(Buffer.from(hex, 'hex'))).toEqual(nothing);
    },
  );

  it('may have fields that nobody knows yet, of any kind', () => {
    const unknown = Buffer.of(
      0x98,
      0x06,
      0x80,
      0x01,
      0x9a,
      0x06,
      2,
      1,
      2,
      0x9d,
      0x06,
      1,
      2,
      3,
      4,
      0x99,
      0x06,
    );
    const bytes = Buffer.concat([unknown, Buffer.alloc(8), Buffer.of(0x08, 1)]);
    expect(decodeLockReply(bytes).locked).toBe(true);
  });

  it.each([
    ['a tag that is cut off', Buffer.of(0x80)],
    ['a length beyond the end', Buffer.of(0x12, 5, 1)],
    ['a number of eleven bytes', Buffer.of(0x08, ...Array<number>(10).fill(0xff), 1)],
    ['a wire type of groups', Buffer.of(0x0b)],
  ])('are not read when they have %s', (_, bytes) => {
    expect(() => decodeLockReply(bytes)).toThrow(RangeError);
  });
});
