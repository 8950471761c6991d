import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ErrorCode } from '../../../src/contract/error-code.ts';
import { Method } from '../../../src/contract/method.ts';
import { replyJson } from '../../../src/protocol/rest/reply-json.ts';
import { loadCoder, type ReplyMessage } from '../protobuf/ldlm-coder.ts';

const codeNames = Object.keys(ErrorCode);

function write(method: Method, reply: ReplyMessage): string {
  const bytes = loadCoder(method === Method.Unlock ? 'Unlock' : 'Lock').responseSerialize(reply);
  const around = Buffer.concat([Buffer.from([9, 9]), bytes, Buffer.from([9])]);
  return replyJson(method, around, 2, 2 + bytes.length);
}

const text = fc.string({ unit: 'binary' });
const error = fc.option(fc.record({ code: fc.nat({ max: 7 }), message: text }), { nil: undefined });
const token = fc.bigInt({ min: 1n, max: 2n ** 64n - 1n }).map(String);

const named = (fault: { code: number; message: string } | undefined) =>
  fault === undefined ? {} : { error: { code: codeNames[fault.code], message: fault.message } };

describe('a reply in JSON', () => {
  it('to Lock, TryLock or Renew says what the message says', () => {
    fc.assert(
      fc.property(fc.boolean(), text, text, error, (locked, name, key, fault) => {
        const reply = { locked, name, key, ...(fault !== undefined && { error: fault }) };
        for (const method of [Method.Lock, Method.TryLock, Method.Renew]) {
          expect(JSON.parse(write(method, reply))).toStrictEqual({ locked, name, key, ...named(fault) });
        }
      }),
    );
  });

  it('has a fencing token as digits, exactly', () => {
    fc.assert(
      fc.property(token, (fencing_token) => {
        const reply = { locked: true, name: 'a', key: 'k', fencing_token };
        expect(JSON.parse(write(Method.Lock, reply))).toStrictEqual(reply);
      }),
    );
  });

  it('says for how long a lock is certainly held where that is said', () => {
    const reply = { locked: true, name: 'a', key: 'k', fencing_token: '7', certain_ms: 2 ** 32 - 1 };
    expect(JSON.parse(write(Method.Lock, reply))).toStrictEqual(reply);
    const renewed = { locked: true, name: 'a', key: 'k', certain_ms: 1 };
    expect(JSON.parse(write(Method.Renew, renewed))).toStrictEqual(renewed);
  });

  it('to Unlock says what the message says', () => {
    fc.assert(
      fc.property(fc.boolean(), text, error, (unlocked, name, fault) => {
        const reply = { unlocked, name, ...(fault !== undefined && { error: fault }) };
        expect(JSON.parse(write(Method.Unlock, reply))).toStrictEqual({ unlocked, name, ...named(fault) });
      }),
    );
  });

  it('is written as LDLM writes it', () => {
    expect(write(Method.TryLock, {})).toBe('{"locked":false,"name":"","key":""}');
    expect(write(Method.Unlock, {})).toBe('{"unlocked":false,"name":""}');
    expect(write(Method.TryLock, { name: 'T4', error: { code: 6, message: 'lock size mismatch' } })).toBe(
      '{"locked":false,"name":"T4","key":"","error":{"code":"LockSizeMismatch","message":"lock size mismatch"}}',
    );
    expect(write(Method.TryLock, { name: '"\\\u0001\u007fä\u{1f512}' })).toBe(
      '{"locked":false,"name":"\\"\\\\\\u0001\u007fä\u{1f512}","key":""}',
    );
  });
});
