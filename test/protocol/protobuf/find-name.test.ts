import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LockCommand } from '../../../src/core/command.ts';
import { DecodeError } from '../../../src/protocol/protobuf/decode-error.ts';
import { decodeLockRequest } from '../../../src/protocol/protobuf/decode-request.ts';
import { findName } from '../../../src/protocol/protobuf/find-name.ts';
import { Span } from '../../../src/protocol/protobuf/span.ts';
import { wireFields } from './ldlm-coder.ts';
import { bytesField, inSharedMemory, varintField } from './wire.ts';

function nameIn(message: Buffer): string | undefined {
  const { bytes, start, end } = inSharedMemory(message);
  const found = new Span();
  if (!findName(bytes, start, end, found)) return undefined;
  return bytes.toString('latin1', found.start, found.end);
}

describe('findName', () => {
  it('finds the last name', () => {
    expect(nameIn(Buffer.concat([bytesField(1, 'a'), varintField(4, 1), bytesField(1, 'bc')]))).toBe('bc');
    expect(nameIn(Buffer.concat([bytesField(1, 'a'), bytesField(1, '')]))).toBe('');
  });

  it('takes an absent name, or one of a foreign wire type, for an empty one', () => {
    expect(nameIn(Buffer.alloc(0))).toBe('');
    expect(nameIn(Buffer.concat([varintField(1, 3), bytesField(2, 'key')]))).toBe('');
  });

  it('says when the message is malformed', () => {
    expect(nameIn(bytesField(1, 'abc').subarray(0, 4))).toBeUndefined();
    expect(nameIn(Buffer.concat([bytesField(1, 'abc'), varintField(0, 1)]))).toBeUndefined();
  });

  it('agrees with the decoder about every message, well-formed or not', () => {
    const anyBytes = fc.oneof(
      wireFields.map((fields) => Buffer.concat(fields)),
      fc.array(fc.nat({ max: 40 }), { maxLength: 40 }).map((bytes) => Buffer.from(bytes)),
    );
    const command = new LockCommand();
    fc.assert(
      fc.property(anyBytes, (message) => {
        const error = decodeLockRequest(message, 0, message.length, command);
        if (error === DecodeError.InvalidUtf8) return;
        expect(nameIn(message)).toBe(error === null ? command.name : undefined);
      }),
      { numRuns: 1000 },
    );
  });
});
