import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Limits } from '../../../src/base/limits.ts';
import { JuteReader } from '../../../src/zookeeper/wire/jute-reader.ts';
import { JuteWriter } from '../../../src/zookeeper/wire/jute-writer.ts';
import { MalformedReplyError } from '../../../src/zookeeper/zookeeper-error.ts';
import { reading } from '../jute-by-hand.ts';

const int = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });
const long = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
const text = fc.string({ unit: 'grapheme', maxLength: 50 });

describe('a reader of jute', () => {
  it('reads what was written', () => {
    const values = fc.tuple(int, long, fc.boolean(), fc.uint8Array(), text, fc.array(text));
    fc.assert(
      fc.property(values, ([a, b, c, d, e, f]) => {
        const writer = new JuteWriter();
        writer.int(a);
        writer.long(b);
        writer.bool(c);
        writer.buffer(d);
        writer.string(e);
        writer.strings(f);
        const reader = new JuteReader(writer.take());
        const read = [reader.int(), reader.long(), reader.bool(), reader.buffer(), reader.string()];
        expect(read).toEqual([a, b, c, Buffer.from(d), e]);
        expect([reader.strings(), reader.remaining]).toEqual([f, 0]);
      }),
    );
  });

  it('reads what is null as empty', () => {
    expect(reading('ffffffff').buffer()).toEqual(Buffer.alloc(0));
    expect([reading('ffffffff').string(), reading('ffffffff').strings()]).toEqual(['', []]);
  });

  it.each<[string, string, (reader: JuteReader) => unknown]>([
    ['an int', '000000', (reader) => reader.int()],
    ['a long', '00000000000000', (reader) => reader.long()],
    ['a long of 53 bits', '00000000000000', (reader) => reader.safeLong()],
    ['a bool', '', (reader) => reader.bool()],
    ['a buffer', '0000000361', (reader) => reader.buffer()],
    ['a text', '7fffffff61', (reader) => reader.string()],
    ['texts', '7fffffff', (reader) => reader.strings()],
    ['the last of its texts', '0000000200000001610000', (reader) => reader.strings()],
  ])('says that %s is cut off', (_, hex, read) => {
    expect(() => read(reading(hex))).toThrow(MalformedReplyError);
  });

  it('reads a list of the longest length, and refuses one of one text more', () => {
    const listOf = (count: number): JuteReader => {
      const bytes = Buffer.alloc(4 + 4 * count);
      bytes.writeInt32BE(count);
      return new JuteReader(bytes);
    };
    expect(listOf(Limits.zookeeperListedMax).strings()).toHaveLength(Limits.zookeeperListedMax);
    expect(() => listOf(Limits.zookeeperListedMax + 1).strings()).toThrow(MalformedReplyError);
  });

  it('reads numbers of 53 bits as numbers', () => {
    const safe = fc.integer({ min: Number.MIN_SAFE_INTEGER, max: Number.MAX_SAFE_INTEGER });
    fc.assert(
      fc.property(safe, (value) => {
        const writer = new JuteWriter();
        writer.long(BigInt(value));
        expect(new JuteReader(writer.take()).safeLong()).toBe(value);
      }),
    );
  });

  it('begins anew with a part of other bytes, and of the same', () => {
    const reader = reading('00000001');
    const bytes = Buffer.from('00000002000000030000000400', 'hex');
    reader.begin(bytes, 4, 8);
    expect([reader.int(), reader.remaining]).toEqual([3, 0]);
    expect(() => reader.bool()).toThrow(MalformedReplyError);
    reader.begin(bytes, 0, 8);
    expect([reader.int(), reader.int()]).toEqual([2, 3]);
  });

  it('keeps no part of the frame alive by a buffer', () => {
    const frame = Buffer.from('0000000161', 'hex');
    const read = new JuteReader(frame).buffer();
    frame.fill(0);
    expect(read.toString()).toBe('a');
  });
});
