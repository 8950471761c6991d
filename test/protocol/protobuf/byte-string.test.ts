import { isUtf8 } from 'node:buffer';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isUtf8Text, readByteString, writeByteString } from '../../../src/protocol/protobuf/byte-string.ts';
import { inSharedMemory } from './wire.ts';

// On both sides of the lengths where loops give way to calls.
const anyBytes = fc.uint8Array({ maxLength: 200, size: 'max' });

describe('byte strings', () => {
  it('hold one character for each byte', () => {
    const { bytes, start, end } = inSharedMemory(Buffer.from([0, 0x7f, 0x80, 0xff]));
    expect(readByteString(bytes, start, end)).toBe('\x00\x7f\x80\xff');
    expect(readByteString(bytes, start, start)).toBe('');
  });

  it('are written back as they were, and nothing beside them', () => {
    fc.assert(
      fc.property(anyBytes, (value) => {
        const { bytes, start, end } = inSharedMemory(Buffer.from(value));
        const out = Buffer.from(new SharedArrayBuffer(value.length + 6)).fill(0xee);
        expect(writeByteString(out, 3, readByteString(bytes, start, end))).toBe(3 + value.length);
        expect(out.toString('hex')).toBe(`eeeeee${Buffer.from(value).toString('hex')}eeeeee`);
      }),
    );
  });
});

describe('isUtf8Text', () => {
  it('agrees with Node.js about any bytes and any text', () => {
    const text = fc
      .string({ unit: 'binary', maxLength: 80, size: 'max' })
      .map((value) => Buffer.from(value, 'utf8'));
    const cutText = text.map((value) => value.subarray(0, -1));
    fc.assert(
      fc.property(
        fc.oneof(
          anyBytes.map((value) => Buffer.from(value)),
          text,
          cutText,
        ),
        (value) => {
          const { bytes, start, end } = inSharedMemory(value);
          expect(isUtf8Text(bytes, start, end)).toBe(isUtf8(value));
        },
      ),
      { numRuns: 500 },
    );
  });

  it('looks at nothing outside of the span', () => {
    const bytes = Buffer.from([0xff, 0x61, 0xc3, 0xa4, 0xff]);
    expect(isUtf8Text(bytes, 1, 4)).toBe(true);
    expect(isUtf8Text(bytes, 1, 3)).toBe(false);
    expect(isUtf8Text(bytes, 1, 5)).toBe(false);
  });
});
