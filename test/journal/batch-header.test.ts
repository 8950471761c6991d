import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  BatchHeader,
  BatchKind,
  decodeHeader,
  encodeHeader,
  HEADER_BYTES,
  MAGIC_BYTES,
  recordsLength,
} from '../../src/journal/batch-header.ts';

const uint32 = fc.integer({ min: 0, max: 2 ** 32 - 1 });
const whole = fc.integer({ min: 0, max: 2 ** 53 - 1 });
const fields = fc.record({
  kind: fc.constantFrom(BatchKind.Data, BatchKind.Footer),
  records: uint32,
  generation: uint32,
  run: uint32,
  sequence: whole,
  durableOffset: whole,
  nowMs: fc.double({ min: 0, max: 2 ** 50, noNaN: true }),
});

/** A batch at an offset, with something on both sides. */
function encode(header: Partial<BatchHeader>, records: Uint8Array, start: number, seed: number): Buffer {
  const bytes = Buffer.alloc(start + HEADER_BYTES + records.length + 3, 0xee);
  bytes.set(records, start + HEADER_BYTES);
  encodeHeader(bytes, start, Object.assign(new BatchHeader(), header, { length: records.length }), seed);
  return bytes;
}

describe('encodeHeader', () => {
  it('writes what decodeHeader reads', () => {
    const records = fc.uint8Array({ maxLength: 100 });
    fc.assert(
      fc.property(fields, records, fc.nat(9), uint32, (header, content, start, seed) => {
        const bytes = encode(header, content, start, seed);
        expect(recordsLength(bytes, start, seed)).toBe(content.length);
        const decoded = new BatchHeader();
        expect(decodeHeader(bytes, start, decoded, seed)).toBe(true);
        expect(decoded).toEqual(Object.assign(new BatchHeader(), header, { length: content.length }));
        expect(bytes.subarray(start, start + 4)).toEqual(Buffer.from(MAGIC_BYTES));
        // Nothing beside it was touched.
        expect([...bytes.subarray(0, start), ...bytes.subarray(-3)].every((byte) => byte === 0xee)).toBe(
          true,
        );
      }),
    );
  });
});

describe('recordsLength', () => {
  it('trusts no length whose header has changed, before the records are looked at', () => {
    const bytes = encode({ sequence: 3 }, Buffer.from('records'), 0, 99);
    for (let bit = 0; bit < 8 * HEADER_BYTES; bit++) {
      bytes[bit >> 3]! ^= 1 << (bit & 7);
      // The checksum of the whole batch, bytes 4 to 7, is not part of it.
      const isPart = bit >> 3 < 4 || bit >> 3 > 7;
      expect(recordsLength(bytes, 0, 99), `bit ${bit}`).toBe(isPart ? -1 : 7);
      bytes[bit >> 3]! ^= 1 << (bit & 7);
    }
    bytes.fill(0, HEADER_BYTES);
    expect(recordsLength(bytes, 0, 99)).toBe(7);
  });
});

describe('decodeHeader', () => {
  it('refuses every change of a bit, and another seed', () => {
    const bytes = encode({ kind: BatchKind.Data, sequence: 3, nowMs: 1.5 }, Buffer.from('records'), 0, 99);
    const end = bytes.length - 3;
    const isGood = (seed = 99): boolean => {
      const length = recordsLength(bytes, 0, seed);
      return length >= 0 && length <= 7 && decodeHeader(bytes, 0, new BatchHeader(), seed);
    };
    expect(isGood()).toBe(true);
    for (let bit = 0; bit < 8 * end; bit++) {
      bytes[bit >> 3]! ^= 1 << (bit & 7);
      expect(isGood(), `bit ${bit}`).toBe(false);
      bytes[bit >> 3]! ^= 1 << (bit & 7);
    }
    expect(isGood(98)).toBe(false);
  });

  it('refuses a kind that it does not know', () => {
    for (const kind of [0, 3]) {
      const bytes = encode(Object.assign(new BatchHeader(), { kind }), Buffer.alloc(0), 0, 1);
      expect(decodeHeader(bytes, 0, new BatchHeader(), 1)).toBe(false);
    }
  });
});
