import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Limits } from '../../../src/base/limits.ts';
import { Method } from '../../../src/contract/method.ts';
import { DecodeError } from '../../../src/protocol/protobuf/decode-error.ts';
import {
  decodeLockRequest,
  decodeRenewRequest,
  decodeTryLockRequest,
  decodeUnlockRequest,
} from '../../../src/protocol/protobuf/decode-request.ts';
import { Span } from '../../../src/protocol/protobuf/span.ts';
import { stripUnknownFields } from '../../../src/protocol/protobuf/strip-unknown-fields.ts';
import { dirtyLockCommand, dirtyRenewCommand, dirtyUnlockCommand, wireFields } from './ldlm-coder.ts';
import { bytesField, groupField, varintField } from './wire.ts';

const methods = Object.values(Method);

/** Decodes a message of the method into a fresh command. */
function decode(method: Method, bytes: Buffer): object | DecodeError {
  if (method === Method.Unlock) {
    const command = dirtyUnlockCommand();
    return decodeUnlockRequest(bytes, 0, bytes.length, command) ?? command;
  }
  if (method === Method.Renew) {
    const command = dirtyRenewCommand();
    return decodeRenewRequest(bytes, 0, bytes.length, command, new Span()) ?? command;
  }
  const command = dirtyLockCommand();
  const decoder = method === Method.Lock ? decodeLockRequest : decodeTryLockRequest;
  return decoder(bytes, 0, bytes.length, command) ?? command;
}

function strip(method: Method, bytes: Buffer): Buffer {
  const stripped = stripUnknownFields(Buffer.concat([Buffer.from('ab'), bytes]), 2, 2 + bytes.length, method);
  if (!Buffer.isBuffer(stripped)) throw new Error(`not stripped: ${stripped}`);
  return stripped;
}

describe('stripUnknownFields', () => {
  it.each(methods)('changes nothing that method %i decodes', (method) => {
    fc.assert(
      fc.property(wireFields, (fields) => {
        const bytes = Buffer.concat(fields);
        const stripped = strip(method, bytes);
        expect(decode(method, stripped)).toEqual(decode(method, bytes));
        expect(strip(method, stripped)).toEqual(stripped);
      }),
    );
  });

  it('leaves out unknown fields, repeats and the fields of other methods', () => {
    const name = bytesField(1, 'name');
    const unknown = [varintField(7, 1), bytesField(1004, 'x'), groupField(9, name), varintField(1, 1)];
    const other = [bytesField(2, 'key'), varintField(3, 5), varintField(1003, 5), varintField(4, 2)];
    const bytes = Buffer.concat([bytesField(1, 'earlier'), ...unknown, ...other, name]);
    expect(strip(Method.Renew, bytes)).toEqual(Buffer.concat([name, other[0]!]));
    expect(strip(Method.TryLock, bytes)).toEqual(Buffer.concat([name, other[3]!]));
    expect(strip(Method.Lock, bytes)).toEqual(Buffer.concat([name, other[1]!, other[2]!, other[3]!]));
  });

  it.each(methods)('fits any message of method %i into a record', (method) => {
    const huge = Buffer.alloc(300_000, 0xff);
    const overlong = Buffer.concat([varintField(100, -1), varintField(1002, -1), varintField(4, -1)]);
    const strings = [1, 2, 1005, 1006].map((number) => bytesField(number, huge));
    const stripped = strip(method, Buffer.concat([...strings, bytesField(77, huge), overlong]));
    expect(stripped.length).toBeLessThanOrEqual(Limits.recordBodyBytesMax);
    expect(decode(method, stripped)).toHaveProperty('name.length', Limits.nameBytesMax + 1);
  });

  it('keeps of what is too long one byte more than the limit, so that it is still refused', () => {
    const huge = Buffer.alloc(300_000, 0xff);
    const bytes = Buffer.concat([1, 2, 1005, 1006].map((number) => bytesField(number, huge)));
    expect(decode(Method.Unlock, strip(Method.Unlock, bytes))).toMatchObject({
      keyBytes: Limits.keyBytesMax + 1,
      requestId: '\xff'.repeat(Limits.requestIdBytesMax + 1),
    });
    const lock = decode(Method.Lock, strip(Method.Lock, bytes));
    expect(lock).toHaveProperty('holder.length', Limits.holderBytesMax + 1);
    expect(lock).toHaveProperty('requestId.length', Limits.requestIdBytesMax + 1);
  });

  it('cuts nothing within its limit', () => {
    const bytes = Buffer.concat([
      bytesField(1, Buffer.alloc(Limits.nameBytesMax + 1, 0x61)),
      bytesField(1005, Buffer.alloc(Limits.requestIdBytesMax, 0xff)),
      bytesField(1006, Buffer.alloc(Limits.holderBytesMax, 0x62)),
    ]);
    expect(strip(Method.Lock, bytes)).toEqual(bytes);
  });

  it('leaves invalid UTF-8 to the decoder', () => {
    const bytes = Buffer.concat([bytesField(1, Buffer.from([0xff])), varintField(9, 1)]);
    expect(decode(Method.Lock, strip(Method.Lock, bytes))).toBe(DecodeError.InvalidUtf8);
  });

  it('refuses what is malformed', () => {
    const bytes = bytesField(1, 'name');
    expect(stripUnknownFields(bytes, 0, bytes.length - 1, Method.Lock)).toBe(DecodeError.Malformed);
  });
});
