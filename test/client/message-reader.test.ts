import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MessageReader } from '../../src/client/message-reader.ts';
import {
  bytesField,
  fixed32Field,
  fixed64Field,
  groupField,
  tag,
  varint,
  varintField,
} from '../protocol/protobuf/wire.ts';

/** A reader that stands at the first field. */
function at(message: Buffer): MessageReader {
  const reader = new MessageReader(message);
  expect(reader.next()).toBe(true);
  return reader;
}

const uint64 = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
const fieldNumber = fc.integer({ min: 1, max: 2 ** 29 - 1 });
const anyField = fc.oneof(
  fc.tuple(fieldNumber, uint64).map(([field, value]) => ({ field, bytes: varintField(field, value) })),
  fc.tuple(fieldNumber, fc.string({ unit: 'binary' })).map(([field, value]) => ({
    field,
    bytes: bytesField(field, value),
  })),
  fieldNumber.map((field) => ({ field, bytes: fixed32Field(field) })),
  fieldNumber.map((field) => ({ field, bytes: fixed64Field(field) })),
);
const fields = fc.array(anyField, { maxLength: 10 });

describe('a reader', () => {
  it('finds the fields of a message in their order, of whatever kind they are', () => {
    fc.assert(
      fc.property(fields, (given) => {
        const reader = new MessageReader(Buffer.concat(given.map(({ bytes }) => bytes)));
        const found: number[] = [];
        while (reader.next()) found.push(reader.field);
        expect(found).toEqual(given.map(({ field }) => field));
        expect(reader.next()).toBe(false);
      }),
      { numRuns: 300 },
    );
  });

  it('reads no further than to a place at which a field ends, wherever the message is cut off', () => {
    fc.assert(
      fc.property(fields, fc.nat(), (given, place) => {
        const whole = Buffer.concat(given.map(({ bytes }) => bytes));
        const cut = whole.subarray(0, place % (whole.length + 1));
        const ends = [0];
        for (const { bytes } of given) ends.push(ends.at(-1)! + bytes.length);
        const read = (): void => {
          const reader = new MessageReader(cut);
          while (reader.next());
        };
        if (ends.includes(cut.length)) expect(read).not.toThrow();
        else expect(read).toThrow(new RangeError('the reply is cut off'));
      }),
      { numRuns: 300 },
    );
  });

  it('finds an end or a RangeError in whatever bytes it is given', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
        const reader = new MessageReader(Buffer.from(bytes));
        try {
          while (reader.next()) expect(reader.text.length).toBeLessThanOrEqual(bytes.length);
        } catch (error) {
          expect(error).toBeInstanceOf(RangeError);
        }
      }),
      { numRuns: 500 },
    );
  });

  it('finds nothing in a message without fields', () => {
    expect(new MessageReader(Buffer.alloc(0)).next()).toBe(false);
  });

  it.each([1, 15, 16, 1_000, 2_047, 2_048, 2 ** 29 - 1])('knows a field by the number %d', (field) => {
    expect(at(varintField(field, 1)).field).toBe(field);
  });
});

describe('a number', () => {
  it('is read with all of its 64 bits', () => {
    fc.assert(
      fc.property(uint64, (value) => {
        const reader = at(varintField(1, value));
        expect([reader.bigint, reader.isTrue]).toEqual([value, value !== 0n]);
        expect(reader.number).toBe(Number(value & 0xffff_ffffn));
      }),
      { numRuns: 300 },
    );
  });

  it.each(Array.from({ length: 10 }, (_, index) => index + 1))('may take %d bytes', (count) => {
    const largest = BigInt.asUintN(64, 2n ** BigInt(7 * count) - 1n);
    const smallest = count === 1 ? 0n : 2n ** BigInt(7 * (count - 1));
    for (const value of [smallest, largest]) {
      const bytes = varint(value);
      expect(bytes).toHaveLength(count);
      expect(at(Buffer.concat([tag(1, 0), bytes])).bigint).toBe(value);
    }
  });

  it('may take more bytes than it needs', () => {
    const padded = Buffer.of(0x08, 0x85, ...Array<number>(8).fill(0x80), 0);
    expect(at(padded).number).toBe(5);
    expect(at(Buffer.of(0x08, 0x80, 0)).isTrue).toBe(false);
  });

  it.each([1n, 2n ** 31n, 2n ** 32n, 2n ** 63n])('of %d is true', (value) => {
    expect(at(varintField(1, value)).isTrue).toBe(true);
  });

  it('has no bits beyond the 64th, whatever its tenth byte says', () => {
    expect(at(Buffer.of(0x08, ...Array<number>(9).fill(0xff), 0x7f)).bigint).toBe(2n ** 64n - 1n);
  });

  it('is none with more than ten bytes', () => {
    const long = Buffer.of(0x08, ...Array<number>(10).fill(0x80), 0);
    expect(() => new MessageReader(long).next()).toThrow(
      new RangeError('a number of the reply is longer than ten bytes'),
    );
  });

  it('below 0 is what 32 bits of it say, as of an enum', () => {
    expect(at(varintField(1, -1)).number).toBe(2 ** 32 - 1);
  });
});

describe('a field with a length', () => {
  it('is read as the text that it is, also when it is empty or no UTF-8', () => {
    expect(at(bytesField(1, 'ä€😀\0')).text).toBe('ä€😀\0');
    expect(at(bytesField(1, '')).text).toBe('');
    expect(at(bytesField(1, Buffer.of(0x61, 0xff, 0x62))).text).toBe('a\ufffdb');
    // A surrogate as if it were a character.
    expect(at(bytesField(1, Buffer.of(0xed, 0xa0, 0xbd))).text).toBe('\ufffd\ufffd\ufffd');
  });

  it('is read as a message of its own, which ends where the field does', () => {
    const inner = Buffer.concat([varintField(1, 7), bytesField(2, 'in')]);
    const reader = at(Buffer.concat([bytesField(4, inner), bytesField(2, 'out')]));
    const { message } = reader;
    expect([message.next(), message.number, message.next(), message.text]).toEqual([true, 7, true, 'in']);
    expect([message.next(), reader.next(), reader.text]).toEqual([false, true, 'out']);
  });

  it('cannot lend bytes from behind it to a message within it', () => {
    const reader = at(Buffer.concat([bytesField(4, tag(2, 2)), bytesField(2, 'out')]));
    expect(() => reader.message.next()).toThrow(new RangeError('the reply is cut off'));
  });

  it.each([
    ['one more than there is', 4n],
    ['2^31', 2n ** 31n],
    ['2^32 - 1', 2n ** 32n - 1n],
    ['2^32 + 1', 2n ** 32n + 1n],
    ['2^64 - 1', 2n ** 64n - 1n],
  ])('is cut off when its length is %s', (_, length) => {
    const message = Buffer.concat([tag(1, 2), varint(length), Buffer.from('abc')]);
    expect(() => new MessageReader(message).next()).toThrow(new RangeError('the reply is cut off'));
  });
});

describe('the number of a field', () => {
  it.each(['00', '0008', '888080801005'])('cannot be 0 or beyond 29 bits: %s', (hex) => {
    expect(() => new MessageReader(Buffer.from(hex, 'hex')).next()).toThrow('a number that cannot be');
  });

  it('is a field only with the kind that belongs to it', () => {
    const reader = at(Buffer.concat([bytesField(1, 'a'), varintField(1, 1), fixed32Field(1)]));
    const kinds = [];
    do kinds.push([reader.isNumber(1), reader.isBytes(1), reader.isNumber(2)]);
    while (reader.next());
    expect(kinds).toEqual([
      [false, true, false],
      [true, false, false],
      [false, false, false],
    ]);
  });
});

describe('a wire type', () => {
  it.each([3, 4, 6, 7])('of %d is none that a reply has', (wire) => {
    const message = Buffer.concat([tag(1, wire), Buffer.alloc(8)]);
    expect(() => new MessageReader(message).next()).toThrow(
      new RangeError(`wire type ${wire} is none that a reply has`),
    );
  });

  it('of a group ends the reading also behind fields that are known', () => {
    const reader = at(Buffer.concat([varintField(1, 1), groupField(9, varintField(1, 0))]));
    expect(() => reader.next()).toThrow('wire type 3 is none');
  });

  it.each([
    ['fixed32', fixed32Field(9)],
    ['fixed64', fixed64Field(9)],
  ])('of %s is passed over', (_, field) => {
    const reader = at(Buffer.concat([field, varintField(1, 5)]));
    expect([reader.field, reader.next(), reader.field, reader.number]).toEqual([9, true, 1, 5]);
    expect(() => new MessageReader(field.subarray(0, -1)).next()).toThrow('the reply is cut off');
  });
});
