import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Limits } from '../../../src/base/limits.ts';
import { LockCommand, RenewCommand, UnlockCommand } from '../../../src/core/command.ts';
import { DecodeError } from '../../../src/protocol/protobuf/decode-error.ts';
import {
  decodeLockRequest,
  decodeRenewRequest,
  decodeTryLockRequest,
  decodeUnlockRequest,
} from '../../../src/protocol/protobuf/decode-request.ts';
import { Span } from '../../../src/protocol/protobuf/span.ts';
import {
  dirtyLockCommand,
  dirtyRenewCommand,
  dirtyUnlockCommand,
  expectedLock,
  expectedRenew,
  expectedUnlock,
  loadCoder,
  lockMessages,
  type RequestMessage,
  renewMessages,
  tryLockMessages,
  unlockMessages,
  wireFields,
} from './ldlm-coder.ts';
import { bytesField, fixed32Field, inSharedMemory, nestedGroups, tag, varint, varintField } from './wire.ts';

type Decode<Command> = (bytes: Buffer, start: number, end: number, command: Command) => DecodeError | null;

const renewKey = new Span();
const decodeRenew: Decode<RenewCommand> = (bytes, start, end, command) =>
  decodeRenewRequest(bytes, start, end, command, renewKey);

function decode<Command>(decoder: Decode<Command>, command: Command, message: Buffer): Command | DecodeError {
  const { bytes, start, end } = inSharedMemory(message);
  return decoder(bytes, start, end, command) ?? command;
}

const decodeLock = (...fields: Buffer[]) =>
  decode(decodeLockRequest, dirtyLockCommand(), Buffer.concat(fields));
const decodeUnlock = (...fields: Buffer[]) =>
  decode(decodeUnlockRequest, dirtyUnlockCommand(), Buffer.concat(fields));

/** Decodes what proto-loader encodes, and what proto-loader decodes: well-formed fields in any order and number. */
function itAgreesWithProtoLoader<Command extends object>(
  method: Parameters<typeof loadCoder>[0],
  messages: fc.Arbitrary<RequestMessage>,
  decoder: Decode<Command>,
  dirty: () => Command,
  expected: (message: RequestMessage) => Partial<Command>,
): void {
  const coder = loadCoder(method);

  it(`${method}: decodes what proto-loader encodes`, () => {
    fc.assert(
      fc.property(messages, (message) => {
        expect(decode(decoder, dirty(), coder.requestSerialize(message))).toMatchObject(expected(message));
      }),
    );
  });

  it(`${method}: agrees about unknown, repeated and disordered fields`, () => {
    fc.assert(
      fc.property(wireFields, (fields) => {
        const bytes = Buffer.concat(fields);
        expect(decode(decoder, dirty(), bytes)).toMatchObject(expected(coder.requestDeserialize(bytes)));
      }),
    );
  });

  it(`${method}: accepts a message cut between two fields and no other cut`, () => {
    fc.assert(
      fc.property(wireFields, (fields) => {
        const bytes = Buffer.concat(fields);
        let boundary = 0;
        const boundaries = new Set([0, ...fields.map((field) => (boundary += field.length))]);
        for (let length = 0; length <= bytes.length; length++) {
          const result = decode(decoder, dirty(), bytes.subarray(0, length));
          if (boundaries.has(length)) expect(result).toBeTypeOf('object');
          else expect(result).toBe(DecodeError.Malformed);
        }
      }),
      { numRuns: 20 },
    );
  });

  it(`${method}: never throws, whatever the bytes`, () => {
    const smallBytes = fc.oneof(fc.nat({ max: 40 }), fc.nat({ max: 255 }));
    fc.assert(
      fc.property(fc.array(smallBytes, { maxLength: 60 }), (bytes) => {
        const result = decode(decoder, dirty(), Buffer.from(bytes));
        expect([DecodeError.Malformed, DecodeError.InvalidUtf8, 'object']).toContain(
          typeof result === 'object' ? 'object' : result,
        );
      }),
      { numRuns: 2000 },
    );
  });
}

describe('agreement with proto-loader', () => {
  itAgreesWithProtoLoader('Lock', lockMessages, decodeLockRequest, dirtyLockCommand, expectedLock);
  itAgreesWithProtoLoader('TryLock', tryLockMessages, decodeTryLockRequest, dirtyLockCommand, expectedLock);
  itAgreesWithProtoLoader('Unlock', unlockMessages, decodeUnlockRequest, dirtyUnlockCommand, expectedUnlock);
  itAgreesWithProtoLoader('Renew', renewMessages, decodeRenew, dirtyRenewCommand, expectedRenew);
  itAgreesWithProtoLoader('RefreshLock', renewMessages, decodeRenew, dirtyRenewCommand, expectedRenew);
});

describe('defaults', () => {
  it('fills every field of an empty request', () => {
    const { origin, key, deadlineMs, tryOnly, ...lock } = new LockCommand();
    expect(decodeLock()).toMatchObject(lock);
    const { key: unlockKey, ...unlock } = new UnlockCommand();
    expect(decodeUnlock()).toMatchObject(unlock);
    const { key: renewedKey, ...renew } = new RenewCommand();
    expect(decode(decodeRenew, dirtyRenewCommand(), Buffer.alloc(0))).toMatchObject(renew);
  });

  it('leaves alone what the message does not say', () => {
    const command = Object.assign(new LockCommand(), { tryOnly: true, deadlineMs: 12 });
    decode(decodeLockRequest, command, bytesField(1, 'a'));
    expect(command).toMatchObject({ tryOnly: true, deadlineMs: 12 });
  });
});

describe('timeouts', () => {
  const seconds = varintField(100, 5);
  const ms = varintField(1002, 250);

  it('lets milliseconds replace seconds in either order', () => {
    expect(decodeLock(seconds, ms)).toMatchObject({ lockTimeoutMs: 250 });
    expect(decodeLock(ms, seconds)).toMatchObject({ lockTimeoutMs: 250 });
    expect(decode(decodeRenew, dirtyRenewCommand(), Buffer.concat([ms, seconds]))).toMatchObject({
      lockTimeoutMs: 250,
    });
  });

  it('lets present but zero milliseconds replace seconds', () => {
    expect(decodeLock(varintField(1003, 0), varintField(3, 9))).toMatchObject({ waitTimeoutMs: 0 });
  });

  it('keeps the lock timeout and the wait timeout apart', () => {
    expect(decodeLock(ms, varintField(3, 9))).toMatchObject({ lockTimeoutMs: 250, waitTimeoutMs: 9000 });
    expect(decodeLock(varintField(1003, 8), seconds)).toMatchObject({
      lockTimeoutMs: 5000,
      waitTimeoutMs: 8,
    });
  });

  it('clamps milliseconds to what a number holds exactly', () => {
    const decodeMs = (value: bigint) => decodeLock(varintField(1002, value));
    expect(decodeMs(2n ** 53n - 1n)).toMatchObject({ lockTimeoutMs: 2 ** 53 - 1 });
    expect(decodeMs(2n ** 63n - 1n)).toMatchObject({ lockTimeoutMs: 2 ** 53 });
    expect(decodeMs(-(2n ** 63n))).toMatchObject({ lockTimeoutMs: -(2 ** 53) });
    expect(decodeMs(-1n)).toMatchObject({ lockTimeoutMs: -1 });
  });

  it('takes no wait timeout for TryLock', () => {
    const message = Buffer.concat([varintField(3, 9), varintField(1003, 9)]);
    expect(decode(decodeTryLockRequest, dirtyLockCommand(), message)).toMatchObject({ waitTimeoutMs: 0 });
  });
});

describe('integers', () => {
  it('truncates them to 32 bits', () => {
    expect(decodeLock(varintField(4, 2n ** 32n + 3n))).toMatchObject({ size: 3 });
    expect(decodeLock(varintField(4, -1))).toMatchObject({ size: -1 });
    expect(decodeLock(varintField(4, 0xffff_ffffn))).toMatchObject({ size: -1 });
    expect(decodeLock(varintField(1000, 0xffff_ffffn))).toMatchObject({ permits: 0xffff_ffff });
    expect(decodeLock(varintField(1001, -5))).toMatchObject({ mode: -5 });
  });

  it('takes them in more bytes than they need', () => {
    expect(decodeLock(tag(4, 0), Buffer.from([0x83, 0x80, 0x00]))).toMatchObject({ size: 3 });
    expect(decodeLock(Buffer.from([0xa0, 0x80, 0x00, 3]))).toMatchObject({ size: 3 });
  });

  it('counts absent and zero permits as one', () => {
    expect(decodeLock(varintField(1000, 0))).toMatchObject({ permits: 1 });
  });
});

describe('malformed messages', () => {
  const malformed: Record<string, Buffer> = {
    'field number 0': varintField(0, 1),
    'field number 2^29': Buffer.concat([varint(2n ** 32n), varint(1)]),
    'wire type 6': Buffer.concat([tag(9, 6), varint(1)]),
    'wire type 7': Buffer.concat([tag(9, 7), varint(1)]),
    'a varint of 11 bytes': Buffer.concat([tag(4, 0), Buffer.alloc(10, 0x80), Buffer.from([0])]),
    'a varint of 65 bits': Buffer.concat([tag(4, 0), Buffer.alloc(9, 0xff), Buffer.from([2])]),
    'a length beyond the message': Buffer.concat([tag(1, 2), varint(4), Buffer.from('abc')]),
    'a length beyond 2^32': Buffer.concat([tag(1, 2), varint(2n ** 32n), Buffer.from('abc')]),
    'a length of 2^32 - 1': Buffer.concat([tag(1, 2), varint(2n ** 32n - 1n), Buffer.from('abc')]),
    'the end of no group': tag(9, 4),
    'the end of another group': Buffer.concat([tag(9, 3), tag(8, 4)]),
    'a group without an end': Buffer.concat([tag(9, 3), varintField(1, 1)]),
    'field number 0 in a group': Buffer.concat([tag(9, 3), varintField(0, 1), tag(9, 4)]),
    'groups 101 deep': nestedGroups(101),
  };

  it.each(Object.keys(malformed))('%s', (what) => {
    expect(decodeLock(malformed[what]!)).toBe(DecodeError.Malformed);
    expect(decodeUnlock(malformed[what]!)).toBe(DecodeError.Malformed);
    expect(decode(decodeRenew, dirtyRenewCommand(), malformed[what]!)).toBe(DecodeError.Malformed);
  });

  it('takes groups 100 deep', () => {
    expect(decodeLock(nestedGroups(100), bytesField(1, 'a'))).toMatchObject({ name: 'a' });
  });
});

describe('wire types', () => {
  it('takes a known number with a foreign wire type for an unknown field', () => {
    expect(decodeLock(bytesField(1, 'a'), varintField(1, 5), fixed32Field(1))).toMatchObject({ name: 'a' });
    expect(decodeLock(varintField(4, 3), bytesField(4, 'xyz'))).toMatchObject({ size: 3 });
    expect(decodeLock(bytesField(1002, 'xyz'), varintField(100, 3))).toMatchObject({ lockTimeoutMs: 3000 });
  });
});

describe('strings', () => {
  const notUtf8 = Buffer.from([0x61, 0xc3]);

  it('refuses names, keys and holders that are not UTF-8', () => {
    expect(decodeLock(bytesField(1, notUtf8))).toBe(DecodeError.InvalidUtf8);
    expect(decodeLock(bytesField(1006, notUtf8))).toBe(DecodeError.InvalidUtf8);
    expect(decodeUnlock(bytesField(2, notUtf8))).toBe(DecodeError.InvalidUtf8);
    expect(decodeUnlock(bytesField(1, notUtf8))).toBe(DecodeError.InvalidUtf8);
    expect(decode(decodeRenew, dirtyRenewCommand(), bytesField(2, notUtf8))).toBe(DecodeError.InvalidUtf8);
  });

  it('takes any bytes as a request id', () => {
    expect(decodeLock(bytesField(1005, notUtf8))).toMatchObject({ requestId: 'a\xc3' });
    expect(decodeUnlock(bytesField(1005, notUtf8))).toMatchObject({ requestId: 'a\xc3' });
  });

  it('looks at the last occurrence only', () => {
    expect(decodeLock(bytesField(1, notUtf8), bytesField(1, 'b'))).toMatchObject({ name: 'b' });
    expect(decodeLock(bytesField(1, 'b'), bytesField(1, ''))).toMatchObject({ name: '' });
  });

  it('leaves what is too long to the length check, UTF-8 or not', () => {
    const beyond = (bytesMax: number) => Buffer.alloc(bytesMax + 1, 0xff);
    const nameBytes = Limits.nameBytesMax;
    expect(decodeLock(bytesField(1, beyond(nameBytes)))).toHaveProperty('name.length', nameBytes + 1);
    expect(decodeLock(bytesField(1, beyond(nameBytes - 1)))).toBe(DecodeError.InvalidUtf8);
    const holderBytes = Limits.holderBytesMax;
    expect(decodeLock(bytesField(1006, beyond(holderBytes)))).toHaveProperty(
      'holder.length',
      holderBytes + 1,
    );
    expect(decodeLock(bytesField(1006, beyond(holderBytes - 1)))).toBe(DecodeError.InvalidUtf8);
    const keyBytes = Limits.keyBytesMax;
    expect(decodeUnlock(bytesField(2, beyond(keyBytes)))).toMatchObject({ keyBytes: keyBytes + 1 });
    expect(decodeUnlock(bytesField(2, beyond(keyBytes - 1)))).toBe(DecodeError.InvalidUtf8);
  });
});

describe('keys', () => {
  it('reads the words of a key, and tells where its text is for a renewal', () => {
    const text = '00000001-8000-0002-dead-beef7fffffff';
    const words = { a: 1, b: 0x8000_0002 | 0, c: 0xdead_beef | 0, d: 0x7fff_ffff };
    expect(decodeUnlock(bytesField(2, text))).toMatchObject({ keyValid: true, keyBytes: 36, key: words });
    const { bytes, start, end } = inSharedMemory(bytesField(2, text));
    const command = new RenewCommand();
    expect(decodeRenewRequest(bytes, start, end, command, renewKey)).toBeNull();
    expect(command).toMatchObject({ keyValid: true, key: words });
    expect(bytes.toString('latin1', renewKey.start, renewKey.end)).toBe(text);
  });
});
