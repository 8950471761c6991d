import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MessageReader } from '../../src/client/message-reader.ts';
import { MessageWriter } from '../../src/client/message-writer.ts';
import { bytesField, varintField } from '../protocol/protobuf/wire.ts';

const fieldNumber = fc.integer({ min: 1, max: 2 ** 18 - 1 });
const text = fc.string({ unit: 'binary', maxLength: 400 });

type Field =
  | { readonly kind: 'string'; readonly field: number; readonly value: string }
  | { readonly kind: 'bytes'; readonly field: number; readonly value: Uint8Array }
  | { readonly kind: 'number' | 'present'; readonly field: number; readonly value: number };

const anyField: fc.Arbitrary<Field> = fc.oneof(
  fc.record({ kind: fc.constant('string' as const), field: fieldNumber, value: text }),
  fc.record({
    kind: fc.constant('bytes' as const),
    field: fieldNumber,
    value: fc.uint8Array({ maxLength: 400 }),
  }),
  fc.record({
    kind: fc.constantFrom('number' as const, 'present' as const),
    field: fieldNumber,
    value: fc.oneof(fc.constant(0), fc.maxSafeNat()),
  }),
);

function write(writer: MessageWriter, { kind, field, value }: Field): MessageWriter {
  if (kind === 'string') return writer.string(field, value);
  return kind === 'bytes' ? writer.bytes(field, value) : writer[kind](field, value);
}

/** The same by the plain rules of proto3. */
function plainly({ kind, field, value }: Field): Buffer {
  if (typeof value !== 'number') return value.length === 0 ? Buffer.alloc(0) : bytesField(field, value);
  return value === 0 && kind === 'number' ? Buffer.alloc(0) : varintField(field, value);
}

describe('what a writer writes', () => {
  it('is what the plain rules of protobuf say, whatever came before', () => {
    const writer = new MessageWriter();
    fc.assert(
      fc.property(fc.array(anyField, { maxLength: 12 }), (fields) => {
        writer.begin();
        for (const field of fields) write(writer, field);
        expect(writer.finish().toString('hex')).toBe(Buffer.concat(fields.map(plainly)).toString('hex'));
      }),
      { numRuns: 300 },
    );
  });

  it('is read back by a reader', () => {
    fc.assert(
      fc.property(text, fc.maxSafeNat(), fieldNumber, (string, number, field) => {
        const writer = new MessageWriter();
        const message = writer.begin().present(field, number).string(field, string).finish();
        const reader = new MessageReader(message);
        expect([reader.next(), reader.field, reader.bigint]).toEqual([true, field, BigInt(number)]);
        if (string !== '') expect([reader.next(), reader.field, reader.text]).toEqual([true, field, string]);
        expect(reader.next()).toBe(false);
      }),
    );
  });
});

describe('a number', () => {
  it.each([
    [0, '08 00'],
    [1, '08 01'],
    [0x7f, '08 7f'],
    [0x80, '08 80 01'],
    [0x3fff, '08 ff 7f'],
    [0x4000, '08 80 80 01'],
    [2 ** 28 - 1, '08 ff ff ff 7f'],
    [2 ** 31, '08 80 80 80 80 08'],
    [2 ** 32, '08 80 80 80 80 10'],
    [2 ** 35, '08 80 80 80 80 80 01'],
    [2 ** 53 - 1, '08 ff ff ff ff ff ff ff 0f'],
    [2 ** 53, '08 80 80 80 80 80 80 80 10'],
  ])('of %d takes as many bytes as it needs', (value, hex) => {
    expect(new MessageWriter().present(1, value).finish()).toEqual(
      Buffer.from(hex.replaceAll(' ', ''), 'hex'),
    );
  });

  it.each([0, -0])('of %d is left out as the default unless it has to be present', (zero) => {
    expect(new MessageWriter().number(1, zero).finish()).toHaveLength(0);
    expect(new MessageWriter().present(1, zero).finish()).toEqual(Buffer.of(0x08, 0));
  });
});

describe('a text', () => {
  it.each([
    ['a', '61'],
    ['ä', 'c3a4'],
    ['€', 'e282ac'],
    ['😀', 'f09f9880'],
    ['\0', '00'],
  ])('of %j is written in UTF-8', (string, hex) => {
    const utf8 = Buffer.from(hex, 'hex');
    expect(new MessageWriter().string(2, string).finish()).toEqual(bytesField(2, utf8));
  });

  it.each([
    ['\ud83d', 'a high surrogate alone'],
    ['\ude00', 'a low one alone'],
    ['\ude00\ud83d', 'both in the wrong order'],
    ['a\ud83db', 'one between letters'],
  ])('of %j, %s, has U+FFFD for what is no character, with a length that fits', (string) => {
    const message = new MessageWriter().string(1, string).number(2, 1).finish();
    const expected = string.replaceAll(/[\ud800-\udfff]/g, '\ufffd');
    expect(message).toEqual(Buffer.concat([bytesField(1, expected), varintField(2, 1)]));
  });

  it('and bytes that are empty are left out', () => {
    expect(new MessageWriter().string(1, '').bytes(2, new Uint8Array()).finish()).toHaveLength(0);
  });

  it.each([127, 128, 240, 250, 251, 252, 253, 254, 16_383, 16_384, 1_000_000])(
    'of %d bytes fits, however much room there was, with all that was written before it',
    (length) => {
      const string = 'x'.repeat(length);
      const bytes = new Uint8Array(length).fill(7);
      const message = new MessageWriter().number(3, 5).string(1, string).bytes(2, bytes).finish();
      const expected = Buffer.concat([varintField(3, 5), bytesField(1, string), bytesField(2, bytes)]);
      // A comparison of their parts takes long with so many.
      expect(message.equals(expected)).toBe(true);
    },
  );
});

describe('a message', () => {
  it('is nothing when nothing was written', () => {
    expect(new MessageWriter().finish()).toHaveLength(0);
  });

  it('may be of many fields that are small', () => {
    const writer = new MessageWriter();
    for (let value = 0; value < 300; value++) writer.present(200_000, value);
    const expected = Array.from({ length: 300 }, (_, value) => varintField(200_000, value));
    expect(writer.finish()).toEqual(Buffer.concat(expected));
  });

  it('is a copy that the next one does not change', () => {
    const writer = new MessageWriter();
    const first = writer.begin().string(1, 'first').finish();
    const second = writer.string(1, 'other').finish();
    expect([first, second]).toEqual([bytesField(1, 'first'), bytesField(1, 'other')]);
  });

  it('begins anew where the one before was not finished', () => {
    const writer = new MessageWriter();
    writer.string(1, 'lost');
    expect(() => writer.string(2, 5 as unknown as string)).toThrow(TypeError);
    expect(writer.begin().number(3, 1).finish()).toEqual(varintField(3, 1));
  });
});
