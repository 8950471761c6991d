import { describe, expect, it } from 'vitest';
import {
  readLockReply,
  readUnlockReply,
  writeLock,
  writeRenew,
  writeTryLock,
  writeUnlock,
} from '../../src/client/rest-messages.ts';
import type { LockCall } from '../../src/client/transport.ts';
import { Method } from '../../src/contract/method.ts';
import { requestFields } from '../../src/protocol/rest/request-fields.ts';

const requestId = Buffer.from('0123456789');
const least: LockCall = {
  ...{ name: 'a', size: null, permits: 1, shared: false, holder: '' },
  ...{ lockTimeoutMs: 0, waitTimeoutMs: 0, requestId },
};
const most: LockCall = {
  ...{ name: 'a', size: 9, permits: 2, shared: true, holder: 'h' },
  ...{ lockTimeoutMs: 2 ** 53 - 1, waitTimeoutMs: 1_500, requestId },
};
const request_id = 'MDEyMzQ1Njc4OQ==';

describe('a request', () => {
  it('leaves out what has its default', () => {
    expect(JSON.parse(writeLock(least))).toEqual({ name: 'a', request_id });
    expect(JSON.parse(writeTryLock(least))).toEqual({ name: 'a', request_id });
  });

  it('has the fields that the server knows', () => {
    const claim = { name: 'a', size: 9, permits: 2, mode: 'SHARED', holder: 'h', request_id };
    const timed = { ...claim, lock_timeout_ms: 9007199254740991 };
    expect(JSON.parse(writeLock(most))).toEqual({ ...timed, wait_timeout_ms: 1_500 });
    expect(JSON.parse(writeTryLock(most))).toEqual(timed);
    const unlock = { name: 'a', key: 'k', requestId };
    expect(JSON.parse(writeUnlock(unlock))).toEqual({ name: 'a', key: 'k', request_id });
    expect(JSON.parse(writeUnlock({ ...unlock, requestId: null }))).toEqual({ name: 'a', key: 'k' });
    const renew = { name: 'a', key: 'k', lockTimeoutMs: 5 };
    expect(JSON.parse(writeRenew(renew))).toEqual({ name: 'a', key: 'k', lock_timeout_ms: 5 });
    for (const [method, json] of [
      [Method.Lock, writeLock(most)],
      [Method.TryLock, writeTryLock(most)],
      [Method.Unlock, writeUnlock(unlock)],
      [Method.Renew, writeRenew(renew)],
    ] as const) {
      const known = requestFields[method];
      expect(Object.keys(JSON.parse(json) as object).filter((name) => !known.has(name))).toEqual([]);
    }
  });
});

describe('a reply', () => {
  it('is read with its token, however large', () => {
    const text = '{"locked":true,"name":"a","key":"k","fencing_token":"18446744073709551615"}';
    const certainMs = Number.POSITIVE_INFINITY;
    const reply = { locked: true, key: 'k', fencingToken: 2n ** 64n - 1n, certainMs, error: null };
    expect(readLockReply(text)).toEqual(reply);
    const bounded = '{"locked":true,"name":"a","key":"k","certain_ms":8100}';
    expect(readLockReply(bounded)).toMatchObject({ locked: true, certainMs: 8_100 });
    const refused = '{"locked":false,"name":"a","key":""}';
    expect(readLockReply(refused)).toMatchObject({ locked: false, fencingToken: 0n });
    expect(readUnlockReply('{"unlocked":true,"name":"a"}')).toEqual({ unlocked: true, error: null });
  });

  it.each([
    ['"LockSizeMismatch"', 6],
    ['"Unknown"', 0],
    ['"99"', 99],
    ['3', 3],
    ['"new"', 0],
  ])('has the code %s for %i', (code, number) => {
    const text = `{"unlocked":false,"name":"a","error":{"code":${code},"message":"m"}}`;
    expect(readUnlockReply(text).error).toEqual({ code: number, message: 'm' });
  });

  it.each(['', 'null', '[]', '{}', '{"locked":1,"key":""}', '{"locked":true}', '<html>'])(
    'is not %j',
    (text) => {
      expect(() => readLockReply(text)).toThrow(SyntaxError);
      expect(() => readUnlockReply(text)).toThrow(SyntaxError);
    },
  );

  it('is none when its token is no number', () => {
    const text = '{"locked":true,"key":"k","fencing_token":"-1"}';
    expect(() => readLockReply(text)).toThrow('the fencing token is no number');
  });
});
